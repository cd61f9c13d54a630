package resolver_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/openova-io/smtp-mirror/internal/dnstest"
	"github.com/openova-io/smtp-mirror/resolver"
	"github.com/openova-io/smtp-mirror/zone"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	domain   = "omantel.omani.works"
	selector = "sm1._domainkey." + domain
	key      = "v=DKIM1; k=rsa; p=AAAA"
)

// world is a DNS: two servers of omani.works, one of a provider in another zone, and a
// recursive server that asks them.
type world struct {
	first, second, provider, recursive *dnstest.Server
	dial                               func(ctx context.Context, network, address string) (net.Conn, error)
}

func start(t *testing.T, addr string) *dnstest.Server {
	t.Helper()
	s, err := dnstest.Start(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func set(t *testing.T, s *dnstest.Server, name string, records ...string) {
	t.Helper()
	if err := s.SetZone(name, records...); err != nil {
		t.Fatal(err)
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{first: start(t, "127.0.0.11:0"), second: start(t, "127.0.0.12:0"), provider: start(t, "127.0.0.13:0"), recursive: start(t, "127.0.0.1:0")}
	w.second.Follow(w.first)
	set(t, w.first, "omani.works", "@ NS ns1", "@ NS ns2", "ns1 A 127.0.0.11", "ns2 A 127.0.0.12")
	set(t, w.provider, "provider.net", "@ NS ns", "ns A 127.0.0.13")
	w.recursive.Recurse(w.first, w.second, w.provider)
	w.dial = dnstest.Dialer(w.first, w.second, w.provider)
	return w
}

func (w *world) resolver(t *testing.T, change func(*resolver.Config)) *resolver.Resolver {
	t.Helper()
	c := resolver.Config{Recursive: w.recursive.Addr, Timeout: 5 * time.Second, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		return w.dial(ctx, network, address)
	}}
	if change != nil {
		change(&c)
	}
	r, err := resolver.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) put(t *testing.T, records ...string) {
	t.Helper()
	if err := w.first.Put("omani.works", records...); err != nil {
		t.Fatal(err)
	}
}

func answers(t *testing.T, r *resolver.Resolver, name, kind string) []zone.Answer {
	t.Helper()
	all, err := r.Answers(t.Context(), domain, name, kind)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// short is each answer in one line: the host that was asked, and what it said.
func short(all []zone.Answer) string {
	var lines []string
	for _, a := range all {
		host, _, err := net.SplitHostPort(a.Server)
		if err != nil {
			host = a.Server
		}
		line := host + " " + a.Code + " " + strings.Join(a.Values, "|")
		if a.Negative > 0 {
			line += a.Negative.String()
		}
		if a.Problem != "" {
			line += "!" + a.Problem
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func expect(t *testing.T, what, got string, want ...string) {
	t.Helper()
	if w := strings.Join(want, "\n"); got != w {
		t.Errorf("%s:\n%s\nnot\n%s", what, got, w)
	}
}
