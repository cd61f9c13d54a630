package e2e

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
)

const (
	hookKey  = "canary-key-of-the-webhook-Pa55"
	hookPath = "/webhook/stalwart"
	startup  = `{"events":[{"id":"1","type":"server.startup","data":{}}]}`
)

func withWebhook(c *config.Config) {
	c.Webhook.Enabled, c.Webhook.URL = true, "http://"+c.HTTP.Address+hookPath
}

// post sends an event as Stalwart would, signed with a key; "" is no signature.
func (s *site) post(body, key string) int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, "http://"+s.HTTP+hookPath, bytes.NewReader([]byte(body)))
	must(s.t, err)
	if key != "" {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(body))
		req.Header.Set("X-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	resp, err := http.DefaultClient.Do(req)
	must(s.t, err)
	must(s.t, resp.Body.Close())
	return resp.StatusCode
}

// unwoken waits until nothing has been proven for a while: a first API key is another
// caller, and once more everything is looked at. It gives the newest proof.
func (s *site) unwoken() time.Time {
	s.t.Helper()
	last, since := s.lastProof(), time.Now()
	s.until("nothing wakes any more", patience, func(context.Context) bool {
		if now := s.lastProof(); !now.Equal(last) {
			last, since = now, time.Now()
		}
		return time.Since(since) > quietSpan
	})
	return last
}

// TestWebhook: only what is signed with the key wakes anybody.
func TestWebhook(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{tune: withWebhook})
	s.secret(hookKey)
	s.start()
	s.await(relayTarget, "Converged", "WebhookKeyMissing") // the mail path works without
	s.createSecret(secretOf(s.Home, "smtp-mirror-webhook", map[string]string{"signatureKey": hookKey}))
	s.settled()
	s.awaitEvent("WebhookAdded", "Secret", rig.SourceSecret, hookPath)
	s.await(relayTarget, "Converged", "")
	before := s.unwoken()
	for what, code := range map[string]int{"wrong key": s.post(startup, "another key"), "no signature": s.post(startup, "")} {
		if code != http.StatusUnauthorized {
			t.Errorf("%s: answered with %d", what, code)
		}
	}
	if code := s.post(`{"events":["`+strings.Repeat("x", 2<<20)+`"]}`, hookKey); code != http.StatusBadRequest {
		t.Errorf("a huge body is answered with %d", code)
	}
	s.stays("nobody was woken", 2*time.Second, func(context.Context) bool { return s.lastProof().Equal(before) })
	if code := s.post(startup, hookKey); code != http.StatusNoContent {
		t.Errorf("a good signature is answered with %d", code)
	}
	s.until("proven again", patience, s.provenAfter(before))
	for _, odd := range []string{"", "null", "[]", `{"events":null}`, `{"events":[{"type":7}]}`} {
		if code := s.post(odd, hookKey); code != http.StatusNoContent {
			t.Errorf("%q is answered with %d", odd, code)
		}
	}
}

// TestWebhookOfStalwart: Stalwart reports its own start, and the grants that it
// lost are there again before anybody could have noticed by the clock.
func TestWebhookOfStalwart(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{tune: withWebhook})
	s.secret(hookKey)
	s.createSecret(secretOf(s.Home, "smtp-mirror-webhook", map[string]string{"signatureKey": hookKey}))
	s.start()
	s.settled()
	begin := time.Now()
	must(t, s.mail.Restart())
	took := s.until("proven after the restart", patience, s.provenAfter(begin))
	t.Logf("Stalwart up -> proven: %s", took.Round(time.Millisecond))
	if took > 5*time.Second {
		t.Errorf("the webhook took %s to be heard", took)
	}
}

// TestWebhookKeyRotated while nobody looks: Stalwart is given the new key, and
// its next call verifies.
func TestWebhookKeyRotated(t *testing.T) {
	t.Parallel()
	const newKey = "canary-new-key-of-the-webhook-Pa55"
	s := newSite(t, layout{tune: withWebhook})
	s.secret(hookKey, newKey)
	s.createSecret(secretOf(s.Home, "smtp-mirror-webhook", map[string]string{"signatureKey": hookKey}))
	p := s.start()
	s.settled()
	s.stop(p)
	s.editSecret(s.Home, "smtp-mirror-webhook", func(data map[string][]byte) { data["signatureKey"] = []byte(newKey) })
	s.start()
	s.settled()
	s.awaitEvent("WebhookKeyChanged", "Secret", rig.SourceSecret, hookPath)
	pause(t.Context(), 2*time.Second) // so that what woke before has been done
	begin := time.Now()
	request := smtpprobe.Request{Address: s.Rig.Mail.SubmissionAddr(), ServerName: "mail.example.test", NoVerify: true, User: "noreply@example.test", Password: redact.New("a wrong one")}
	if got := smtpprobe.Probe(t.Context(), request); got.Verdict != smtpprobe.PasswordRefused {
		t.Fatalf("%+v", got)
	}
	s.until("Stalwart's own call is heard", patience, s.provenAfter(begin))
}
