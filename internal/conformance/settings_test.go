package conformance

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/stalwartsync"
)

func settings() []scenario {
	return []scenario{
		{name: "an exempt network is added once", run: exempted},
		{name: "a webhook is added once, and follows its key", only: stalwart.Gen016, run: webhookAdded},
		{name: "a reload that fails does not stop the proof", run: reloadFails},
		{name: "a reload that nobody needs is not missed", only: stalwart.Gen016, run: reloadNotNeeded},
	}
}

func exempted(t *testing.T, s *suite) {
	r := newRig(t, s)
	networks := []string{"192.0.2.7", "198.51.100.0/24"}
	r.wish.AllowedIPs = networks
	r.run(t).converged(t).changed(t, stalwartsync.ChangedAccount, stalwartsync.ChangedAllowedIP, stalwartsync.ChangedAllowedIP, stalwartsync.ChangedProof)
	r.run(t).converged(t).wroteNothing(t)
	all := r.survey(t).AllowedIPs
	for _, network := range networks {
		if n := len(slices.DeleteFunc(slices.Clone(all), func(a string) bool { return a != network })); n != 1 {
			t.Errorf("%s is there %d times among %v", network, n, all)
		}
	}
}

func webhookAdded(t *testing.T, s *suite) {
	const oldKey, newKey = "a key of the webhook", "another key of the webhook"
	var verified atomic.Int64 // calls that the new key signs
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what is cut off does not verify
		mac := hmac.New(sha256.New, []byte(newKey))
		mac.Write(body)
		if r.Header.Get("X-Signature") == base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
			verified.Add(1)
		}
	}))
	t.Cleanup(sink.Close)
	operator := s.operator.(*jmapOperator)
	t.Cleanup(func() {
		if err := operator.removeWebhook(context.Background(), sink.URL); err != nil {
			t.Error(err)
		}
	})
	r := newRig(t, s)
	r.wish.Webhook = &stalwart.Webhook{URL: sink.URL, Key: redact.New(oldKey)}
	r.run(t).converged(t).changed(t, stalwartsync.ChangedAccount, stalwartsync.ChangedWebhook, stalwartsync.ChangedProof)
	r.run(t).converged(t).wroteNothing(t)
	all := r.survey(t).Webhooks
	if len(all) != 1 || all[0].URL != sink.URL || all[0].KeyID != r.wish.Webhook.KeyID() {
		t.Errorf("the webhooks are %v", all)
	}
	r.wish.Webhook = &stalwart.Webhook{URL: sink.URL, Key: redact.New(newKey)}
	r.run(t).converged(t).changed(t, stalwartsync.ChangedWebhookKey)
	r.run(t).converged(t).wroteNothing(t)
	r.accepts(t, smtpprobe.PasswordRefused, "a wrong password") // which Stalwart reports
	for deadline := time.Now().Add(10 * time.Second); verified.Load() == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no call was signed with the new key")
		}
	}
}

// breakReload breaks it until the end of the scenario.
func breakReload(t *testing.T, s *suite) (mend func()) {
	t.Helper()
	must(t, s.operator.BreakReload(t.Context()))
	mend = func() {
		if err := s.operator.MendReload(context.Background()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(mend)
	return mend
}

// reloadFails needs the reload for the exemption, on 0.15 also for the names that
// are remembered as absent.
func reloadFails(t *testing.T, s *suite) {
	mend := breakReload(t, s)
	r := newRig(t, s)
	r.wish.AllowedIPs = []string{"203.0.113.9"}
	for range 2 {
		if o := r.run(t).converged(t); o.result.Reason != stalwart.ReasonReloadFailed || o.result.Message == "" {
			t.Errorf("the reason is %q: %s", o.result.Reason, o.result.Message)
		}
	}
	mend()
	if o := r.run(t).converged(t); o.result.Reason != "" {
		t.Errorf("the reason is still %q: %s", o.result.Reason, o.result.Message)
	}
	r.run(t).converged(t).wroteNothing(t)
}

func reloadNotNeeded(t *testing.T, s *suite) {
	breakReload(t, s)
	if o := newRig(t, s).run(t).converged(t); o.result.Reason != "" {
		t.Errorf("the reason is %q: %s", o.result.Reason, o.result.Message)
	}
}
