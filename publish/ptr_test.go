package publish_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/internal/hetznertest"
	"github.com/openova-io/smtp-mirror/publish"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/zone"
)

const (
	apiToken = "a-token-that-nobody-may-see"
	mailHost = "mail." + domain
	standard = "static.25.2.0.192.clients.your-server.de"
)

var (
	v4 = netip.MustParseAddr("192.0.2.25")
	v6 = netip.MustParseAddr("2001:db8::25")
)

// cloud is a publisher in front of the stand-in.
type cloud struct {
	*publish.PTR
	t     *testing.T
	api   *hetznertest.API
	leads []netip.Addr // where the mail host leads
	fails error
	token string
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{t: t, api: hetznertest.New(apiToken), leads: []netip.Addr{v4, v6}, token: apiToken + "\n"}
	transport := &http.Transport{}
	t.Cleanup(func() { transport.CloseIdleConnections(); c.api.Close() })
	c.PTR = &publish.PTR{Endpoint: c.api.URL, Every: time.Minute, HTTP: &http.Client{Transport: transport},
		Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
			if host != mailHost {
				t.Errorf("asked for %s", host)
			}
			return c.leads, c.fails
		},
		Token: func() (*corev1.Secret, error) {
			return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "mail", Name: "hetzner"}, Data: map[string][]byte{"token": []byte(c.token)}}, nil
		}}
	return c
}

// run reconciles once, and looks for the token in whatever is said.
func (c *cloud) run(addrs ...netip.Addr) (watcher.Result, error) {
	c.t.Helper()
	c.Wanted = func() ([]zone.Record, error) {
		all := []zone.Record{record(mailHost, "A", "192.0.2.25")}
		for _, a := range addrs {
			name, err := dns.ReverseAddr(a.String())
			must(c.t, err)
			all = append(all, record(strings.TrimSuffix(name, "."), "PTR", mailHost))
		}
		return all, nil
	}
	result, err := c.Reconcile(c.t.Context())
	said := result.Message
	for _, change := range result.Changes {
		said += change.Message
	}
	if err != nil {
		said += err.Error()
	}
	if strings.Contains(said, apiToken) || strings.Contains(said, "in the words of the API") {
		c.t.Errorf("it says %s", said)
	}
	return result, err
}

// TestAReverseNameIsSet on whatever has the address, and not again when it is so.
func TestAReverseNameIsSet(t *testing.T) {
	for _, kind := range []string{hetznertest.LoadBalancer, hetznertest.Server, hetznertest.FloatingIP, hetznertest.PrimaryIP} {
		t.Run(kind, func(t *testing.T) {
			c := newCloud(t)
			for n := range 60 { // more than a page
				c.api.Add(kind, netip.AddrFrom4([4]byte{198, 51, 100, byte(n)}), "host.example.net")
			}
			c.api.Add(kind, v4, standard)
			c.api.Add(kind, v6, "")
			c.api.Actions(1, "", false)
			result, err := c.run(v4, v6)
			if must(t, err); len(result.Changes) != 2 || c.api.Name(v4) != mailHost || c.api.Name(v6) != mailHost {
				t.Errorf("%+v %s %s", result, c.api.Name(v4), c.api.Name(v6))
			}
			result, err = c.run(v4, v6)
			if must(t, err); len(result.Changes) != 0 || c.api.Writes() != 2 || result.Outcome != watcher.Converged || result.After != time.Minute {
				t.Errorf("%+v, %d writes", result, c.api.Writes())
			}
		})
	}
}

// TestOnlyTheProvidersNameIsReplaced, and none; whatever else is there was set by
// somebody, also where it lies in our domain. Nothing is said where nothing is wanted.
func TestOnlyTheProvidersNameIsReplaced(t *testing.T) {
	for current, want := range map[string]string{"": mailHost, standard: mailHost, strings.ToUpper(mailHost): strings.ToUpper(mailHost), "gateway." + domain: "gateway." + domain, domain + ".": domain + ".", "www1.your-server.de": "www1.your-server.de", "web.example.org": "web.example.org", "notexample.com": "notexample.com"} {
		c := newCloud(t)
		c.api.Add(hetznertest.LoadBalancer, v4, current)
		_, err := c.run(v4)
		if got := c.api.Name(v4); got != want || !strings.EqualFold(want, mailHost) != (watcher.ReasonOf(err) == publish.ReasonForeignPTR && strings.Contains(err.Error(), current)) {
			t.Errorf("%q became %q: %v", current, got, err)
		}
		if result, err := c.run(); err != nil || len(result.Changes) != 0 {
			t.Errorf("nothing wanted: %+v %v", result, err)
		}
	}
}

// TestForwardConfirmation: a host that does not lead back gets no reverse name.
func TestForwardConfirmation(t *testing.T) {
	c := newCloud(t)
	c.api.Add(hetznertest.LoadBalancer, v4, standard)
	for _, fails := range []error{nil, errors.New("SERVFAIL")} {
		c.leads, c.fails = []netip.Addr{v6}, fails
		if _, err := c.run(v4); watcher.ReasonOf(err) != publish.ReasonNotForwardConfirmed || c.api.Writes() != 0 {
			t.Errorf("%v, %d writes", err, c.api.Writes())
		}
	}
	c.leads, c.fails = []netip.Addr{netip.AddrFrom16(v4.As16())}, nil // as a resolver may give it
	if _, err := c.run(v4); err != nil || c.api.Name(v4) != mailHost {
		t.Errorf("%v", err)
	}
}

// TestADryRunSetsNoName and says what it would set.
func TestADryRunSetsNoName(t *testing.T) {
	c := newCloud(t)
	c.DryRun = true
	c.api.Add(hetznertest.LoadBalancer, v4, standard)
	result, err := c.run(v4)
	if must(t, err); result.Reason != publish.ReasonWouldPublish || result.Message != "would set: 192.0.2.25 of load balancer 1: mail.example.com" || len(result.Changes) != 0 || c.api.Writes() != 0 {
		t.Errorf("%+v", result)
	}
}

// hold is the wait that an error is.
func hold(err error) time.Duration {
	var h *watcher.HoldError
	if errors.As(err, &h) {
		return h.After
	}
	return -1
}

// TestEveryFailureOfTheAPI becomes a reason of the runbook, and is tried again by
// nobody but the queue; when it is over, the name is set.
func TestEveryFailureOfTheAPI(t *testing.T) {
	rows := []struct {
		fault  hetznertest.Fault
		reason string
		after  time.Duration // -1 = by the queue's curve
	}{
		{hetznertest.Fault{Status: 401, Code: "unauthorized"}, publish.ReasonHetznerTokenRejected, 5 * time.Minute},
		{hetznertest.Fault{Status: 403, Code: "forbidden", Writes: true}, publish.ReasonHetznerForbids, 5 * time.Minute},
		{hetznertest.Fault{Status: 404, Code: "not_found", Writes: true}, publish.ReasonHetznerBusy, 10 * time.Second},
		{hetznertest.Fault{Status: 409, Code: "conflict", Writes: true}, publish.ReasonHetznerBusy, 10 * time.Second},
		{hetznertest.Fault{Status: 423, Code: "locked", Writes: true}, publish.ReasonHetznerBusy, 10 * time.Second},
		{hetznertest.Fault{Status: 429, Code: "rate_limit_exceeded", Headers: map[string]string{"Retry-After": "77"}}, publish.ReasonHetznerBusy, 77 * time.Second},
		{hetznertest.Fault{Status: 429, Code: "rate_limit_exceeded", Headers: map[string]string{"RateLimit-Reset": "1"}}, publish.ReasonHetznerBusy, 10 * time.Second},
		{hetznertest.Fault{Status: 429}, publish.ReasonHetznerBusy, 10 * time.Second},
		{hetznertest.Fault{Status: 500, Code: "server_error"}, publish.ReasonHetznerUnavailable, -1},
		{hetznertest.Fault{Status: 502}, publish.ReasonHetznerUnavailable, -1},
		{hetznertest.Fault{Status: 504, Code: "timeout", Writes: true}, publish.ReasonHetznerUnavailable, -1},
		{hetznertest.Fault{}, publish.ReasonHetznerUnavailable, -1}, // slow
	}
	for _, row := range rows {
		c := newCloud(t)
		c.api.Add(hetznertest.LoadBalancer, v4, standard)
		c.api.Fail(&row.fault)
		if row.fault.Status == 0 {
			c.Timeout = 50 * time.Millisecond
		}
		_, err := c.run(v4)
		if watcher.ReasonOf(err) != row.reason || hold(err) != row.after || c.api.Name(v4) != standard || c.api.Failed() != 1 {
			t.Errorf("%+v: %s after %s and %d requests: %v", row.fault, watcher.ReasonOf(err), hold(err), c.api.Failed(), err)
		}
		c.Timeout = 0
		c.api.Fail(nil)
		if _, err := c.run(v4); err != nil || c.api.Name(v4) != mailHost {
			t.Errorf("after %+v: %v", row.fault, err)
		}
	}
}

// TestWhatTheActionDoes: it may fail, or do nothing.
func TestWhatTheActionDoes(t *testing.T) {
	c := newCloud(t)
	c.api.Add(hetznertest.LoadBalancer, v4, standard)
	c.api.Actions(1, "action_failed", false)
	if _, err := c.run(v4); watcher.ReasonOf(err) != publish.ReasonHetznerBusy {
		t.Errorf("%v", err)
	}
	c.api.Actions(0, "", true)
	if result, err := c.run(v4); watcher.ReasonOf(err) != publish.ReasonUpdateNotSeen || len(result.Changes) != 1 {
		t.Errorf("%+v %v", result, err)
	}
}

// TestWhatIsMissing: a token, the address, a name that is one.
func TestWhatIsMissing(t *testing.T) {
	c := newCloud(t)
	if _, err := c.run(v4); watcher.ReasonOf(err) != publish.ReasonAddressNotFound {
		t.Errorf("%v", err)
	}
	for _, token := range []string{"", " ", "a\nb"} {
		c.token = token
		if _, err := c.run(v4); watcher.ReasonOf(err) != publish.ReasonHetznerTokenMissing {
			t.Errorf("%q: %v", token, err)
		}
	}
	c.Token = func() (*corev1.Secret, error) { return nil, nil }
	if _, err := c.run(v4); watcher.ReasonOf(err) != publish.ReasonHetznerTokenMissing {
		t.Errorf("%v", err)
	}
	for _, name := range []string{"2.0.192.in-addr.arpa", "mail.example.com", "1.2.3.ip6.arpa", "025.2.0.192.in-addr.arpa"} {
		c := newCloud(t)
		c.Wanted = func() ([]zone.Record, error) { return []zone.Record{record(name, "PTR", mailHost)}, nil }
		if _, err := c.Reconcile(t.Context()); watcher.ReasonOf(err) != publish.ReasonRecordInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
