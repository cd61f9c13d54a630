package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
)

const (
	login    = "noreply@" + rig.Domain
	keyLogin = "smtp-mirror@" + rig.Domain // whose API key the controller uses
)

// What happens to the process.

func stopMail(_ context.Context, s *site) error    { return s.Mail.Stop() }
func startMail(ctx context.Context, s *site) error { return s.Mail.Start(ctx) }
func wipe(_ context.Context, s *site) error        { return s.Mail.Wipe() }

// restartContainer ends the process of the Pod and waits for the next one.
func restartContainer(ctx context.Context, s *site) error {
	return s.Node.RestartContainer(ctx, s.Home, rig.NamespaceStalwart+"-0", "stalwart")
}

// podReady waits for Stalwart's Pod.
func podReady(ctx context.Context, s *site) error {
	_, err := rig.Until(ctx, "the Pod of Stalwart is ready", patience, func(ctx context.Context) bool {
		w, err := s.Admin.AppsV1().StatefulSets(s.Home).Get(ctx, rig.NamespaceStalwart, metav1.GetOptions{})
		return err == nil && w.Status.ReadyReplicas == 1
	})
	return err
}

// endPods deletes the StatefulSet, so that no Pod starts Stalwart again.
func (s *site) endPods(ctx context.Context) {
	none := int64(0)
	_ = s.Admin.AppsV1().StatefulSets(s.Home).Delete(ctx, rig.NamespaceStalwart, metav1.DeleteOptions{GracePeriodSeconds: &none})
	_, _ = rig.Until(ctx, "the Pod is gone", 15*time.Second, func(ctx context.Context) bool {
		pods, err := s.Admin.CoreV1().Pods(s.Home).List(ctx, metav1.ListOptions{})
		return err == nil && len(pods.Items) == 0
	})
}

// become replaces the stand-in by one of another version at the same addresses,
// with the same certificate and an empty store.
func become(version string) act {
	return func(_ context.Context, s *site) error {
		like := s.like
		like.HTTPAddr, like.SubmissionAddr, like.SubmissionsAddr = strings.TrimPrefix(s.Mail.URL(), "http://"), s.Mail.SubmissionAddr(), s.stand.SubmissionsAddr()
		like.Version, like.Domain = version, rig.Domain
		if err := s.Mail.Close(); err != nil {
			return err
		}
		next, err := stalwarttest.Start(like)
		if err != nil {
			return err
		}
		s.stand, s.like = next, like
		if version == "lite" {
			return next.AddDKIMKey(rig.Domain, "ed-key")
		}
		return nil
	}
}

// What the stand-in does wrong.

// wrong arms a fault for good, and wakes, so that it is met.
func wrong(f stalwarttest.Fault) act {
	f.Times = -1
	return all(arm(f), touch)
}

func arm(f stalwarttest.Fault) act {
	return func(_ context.Context, s *site) error {
		s.stand.Fail(f)
		return nil
	}
}

func heal(_ context.Context, s *site) error {
	s.stand.Heal()
	return nil
}

// What somebody does to the account.

func stand(do func(*stalwarttest.Server) error) act {
	return func(_ context.Context, s *site) error { return do(s.stand) }
}

func setPassword(m *stalwarttest.Server) error {
	return m.SetPassword(login, "behind-our-Back-7-Correct-Horse")
}
func removeKey(m *stalwarttest.Server) error      { return m.RemoveAccount(keyLogin) }
func removeAccount(m *stalwarttest.Server) error  { return m.RemoveAccount(login) }
func takePermission(m *stalwarttest.Server) error { return m.SetPermissions(login, "authenticate") }
func restart(m *stalwarttest.Server) error        { return m.Restart() }
func mode(mode string) func(*stalwarttest.Server) error {
	return func(m *stalwarttest.Server) error {
		m.SetMode(mode)
		return m.Restart()
	}
}

// has reports whether the account is there with its address.
func has(_ context.Context, s *site) bool {
	_, ok := s.stand.Account(login)
	return ok
}

// What somebody does through the management API.

// jmap calls one method as the administrator.
func jmap(ctx context.Context, s *site, method string, arguments map[string]any) (map[string]any, error) {
	body, err := json.Marshal(map[string]any{"using": []string{"urn:ietf:params:jmap:core", "urn:stalwart:jmap"}, "methodCalls": []any{[]any{method, arguments, "0"}}})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Mail.URL()+"/jmap", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.SetBasicAuth(s.Mail.Admin())
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct{ MethodResponses [][]any }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if len(answer.MethodResponses) != 1 || answer.MethodResponses[0][0] != method {
		return nil, fmt.Errorf("%s: %v", method, answer.MethodResponses)
	}
	result, _ := answer.MethodResponses[0][1].(map[string]any)
	for _, key := range []string{"notUpdated", "notDestroyed", "notCreated"} {
		if bad, ok := result[key].(map[string]any); ok && len(bad) > 0 {
			return nil, fmt.Errorf("%s: %v", method, bad)
		}
	}
	return result, nil
}

// loseDefaultDomain makes the server forget which domain is its own.
func loseDefaultDomain(ctx context.Context, s *site) error {
	_, err := jmap(ctx, s, "x:SystemSettings/set", map[string]any{"update": map[string]any{"singleton": map[string]any{"defaultDomainId": nil}}})
	return err
}

// ownDomain reports whether it knows again.
func ownDomain(ctx context.Context, s *site) bool {
	got, err := jmap(ctx, s, "x:SystemSettings/get", map[string]any{"ids": []string{"singleton"}})
	list, _ := got["list"].([]any)
	if err != nil || len(list) != 1 {
		return false
	}
	settings, _ := list[0].(map[string]any)
	return settings["defaultDomainId"] != nil && settings["defaultDomainId"] != ""
}

// disallow removes what the controller has exempted from bans.
func disallow(ctx context.Context, s *site) error {
	got, err := jmap(ctx, s, "x:AllowedIp/query", map[string]any{})
	if err != nil {
		return err
	}
	_, err = jmap(ctx, s, "x:AllowedIp/set", map[string]any{"destroy": got["ids"]})
	return err
}

// destroyListener removes the listener that the controller has made.
func destroyListener(ctx context.Context, s *site) error {
	got, err := jmap(ctx, s, "x:NetworkListener/get", map[string]any{"ids": nil})
	if err != nil {
		return err
	}
	list, _ := got["list"].([]any)
	for _, entry := range list {
		listener, _ := entry.(map[string]any)
		if listener["name"] == "submission" {
			_, err := jmap(ctx, s, "x:NetworkListener/set", map[string]any{"destroy": []any{listener["id"]}})
			return err
		}
	}
	return fmt.Errorf("there is no listener to destroy")
}

// withoutListener is a Stalwart that has no submission listener, as a fresh one.
func withoutListener(o *stalwarttest.Options) { o.SubmissionAddr, o.SubmissionsAddr = "-", "-" }

// restartable lets the controller make the listener at a free port, and restart
// Stalwart for it.
func restartable(c *config.Config) {
	port, err := child.FreePort()
	if err != nil {
		return // the row says that nothing converges
	}
	c.Stalwart.Restart.Enabled = true
	c.Submissions[0].Listener.Bind = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	c.Submissions[0].Probe.Address = child.Address(port)
}
