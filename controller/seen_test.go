package controller

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/internal/dnstest"
	"github.com/openova-io/smtp-mirror/resolver"
	"github.com/openova-io/smtp-mirror/zone"
)

const (
	pointer = "25.2.0.192.in-addr.arpa"
	host    = "mail.example.org"
)

// names are two servers of the domain and of the reverse zone, and a recursive one that
// knows them.
func names(t *testing.T) (first, second, recursive *dnstest.Server, r *resolver.Resolver) {
	t.Helper()
	var all []*dnstest.Server
	for _, at := range []string{"127.0.0.21:0", "127.0.0.22:0", "127.0.0.1:0"} {
		s, err := dnstest.Start(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		all = append(all, s)
	}
	first, second, recursive = all[0], all[1], all[2]
	second.Follow(first)
	if err := errors.Join(first.SetZone("example.org", "@ NS ns1", "@ NS ns2", "ns1 A 127.0.0.21", "ns2 A 127.0.0.22"),
		first.SetZone("in-addr.arpa", "@ NS ns1.example.org.", "@ NS ns2.example.org.")); err != nil {
		t.Fatal(err)
	}
	recursive.Recurse(first, second)
	r, err := resolver.New(resolver.Config{Recursive: recursive.Addr, Timeout: 5 * time.Second, Dial: dnstest.Dialer(first, second)})
	if err != nil {
		t.Fatal(err)
	}
	return first, second, recursive, r
}

// TestNoRecursiveServerIsAskedBeforeARecordIsThere: it would remember the absence.
func TestNoRecursiveServerIsAskedBeforeARecordIsThere(t *testing.T) {
	first, second, recursive, r := names(t)
	look := addressesSeen(r, "example.org")
	addresses := func() []netip.Addr {
		all, err := look(t.Context(), host)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if all := addresses(); len(all) != 0 {
		t.Errorf("not published: %v", all)
	}
	second.Freeze()
	if err := errors.Join(first.Put("example.org", "mail A 192.0.2.25", "mail AAAA 2001:db8::25"), first.Put("in-addr.arpa", "25.2.0.192 PTR "+host+".")); err != nil {
		t.Fatal(err)
	}
	if all := addresses(); len(all) != 0 {
		t.Errorf("a stale secondary: %v", all)
	}
	if v := zone.Judge(zone.Record{Name: pointer, Type: "PTR", Value: host}, nameSeen(r)(t.Context(), pointer)); v != zone.Missing {
		t.Errorf("a stale secondary has no name: %s", v)
	}
	second.Follow(first)
	if all := addresses(); len(all) != 2 || all[0].String() != "192.0.2.25" || all[1].String() != "2001:db8::25" {
		t.Errorf("published: %v", all)
	}
	if got := nameSeen(r)(t.Context(), pointer); len(got) != 2 || got[0].Values[0] != host {
		t.Errorf("the name: %+v", got)
	}
	if n := recursive.Asked(host) + recursive.Asked(pointer); n != 0 {
		t.Errorf("the recursive server was asked %d times", n)
	}
	first.Lie(dnstest.ServFail)
	var unknown *unagreed
	if _, err := look(t.Context(), host); !errors.As(err, &unknown) {
		t.Errorf("a server that fails: %v", err)
	}
}

// TestARecursiveServerTellsTheNameWhereNobodyElseIsFound, as in a closed network.
func TestARecursiveServerTellsTheNameWhereNobodyElseIsFound(t *testing.T) {
	first, _, recursive, r := names(t)
	if err := first.Put("in-addr.arpa", "25.2.0.192 PTR "+host+"."); err != nil {
		t.Fatal(err)
	}
	recursive.Lie(dnstest.About("in-addr.arpa", "", dnstest.ServFail))
	got := nameSeen(r)(t.Context(), pointer)
	if len(got) != 1 || got[0].Problem != "" || got[0].Values[0] != host || recursive.Asked(pointer) != 1 {
		t.Errorf("%+v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := nameSeen(r)(ctx, pointer); len(got) != 1 || got[0].Problem == "" {
		t.Errorf("nobody: %+v", got)
	}
}
