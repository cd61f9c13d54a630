package resolver_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/openova-io/smtp-mirror/internal/dnstest"
	"github.com/openova-io/smtp-mirror/resolver"
)

func TestEveryServerIsAskedAndNoRecursiveOne(t *testing.T) {
	w := newWorld(t)
	r := w.resolver(t, nil)
	expect(t, "not published", short(answers(t, r, selector, "TXT")), "127.0.0.11 NXDOMAIN 1m0s", "127.0.0.12 NXDOMAIN 1m0s")
	w.second.Freeze()
	w.put(t, selector+`. TXT "v=DKIM1; k=rsa; " "p=AAAA"`)
	expect(t, "a stale secondary", short(answers(t, r, selector, "TXT")), "127.0.0.11 NOERROR "+key, "127.0.0.12 NXDOMAIN 1m0s")
	w.second.Follow(w.first)
	expect(t, "published", short(answers(t, r, selector, "TXT")), "127.0.0.11 NOERROR "+key, "127.0.0.12 NOERROR "+key)
	expect(t, "another type", short(answers(t, r, selector, "MX")), "127.0.0.11 NOERROR 1m0s", "127.0.0.12 NOERROR 1m0s")

	for _, q := range w.recursive.Queries() {
		if strings.HasSuffix(q.Name, domain) {
			t.Errorf("the recursive server was asked for %s %s", q.Name, q.Type)
		}
		if !q.Recursion {
			t.Errorf("no recursion desired: %+v", q)
		}
	}
	if n := w.recursive.Asked("omani.works"); n != 2 { // SOA and NS
		t.Errorf("the name servers were looked for %d times", n)
	}
	for _, q := range slices.Concat(w.first.Queries(), w.second.Queries()) {
		if q.Recursion || q.Size != 1232 || q.Network != "udp" {
			t.Errorf("asked in a wrong way: %+v", q)
		}
	}
}

func TestADelegatedZone(t *testing.T) {
	w := newWorld(t)
	child := start(t, "127.0.0.14:0")
	set(t, child, domain, "@ NS ns", "@ NS ns.provider.net.", "ns A 127.0.0.14", `sm1._domainkey TXT "`+key+`"`)
	w.recursive.Recurse(w.first, w.second, w.provider, child)
	w.dial = dnstest.Dialer(w.first, w.second, w.provider, child)
	w.put(t, domain+". NS ns."+domain+".", "ns."+domain+". A 127.0.0.14")
	r := w.resolver(t, nil)
	// The provider is named by the zone itself only, and knows nothing of it.
	want := []string{"127.0.0.13 REFUSED !the server answers REFUSED", "127.0.0.14 NOERROR " + key}
	expect(t, "below", short(answers(t, r, selector, "TXT")), want...)
	asked := len(w.first.Queries())
	expect(t, "again", short(answers(t, r, selector, "TXT")), want...)
	if len(w.first.Queries()) != asked || child.Asked(selector) != 4 || w.recursive.Asked(selector) != 0 {
		t.Error("the zone is not remembered, or the wrong server asked")
	}
	// A parent that answers itself beside one that refers lags behind: who asks it gets
	// its answer, who asks the other one gets to the zone below.
	w.second.Freeze()
	w.first.Drop(domain, "NS")
	r = w.resolver(t, nil)
	for range 2 {
		expect(t, "no longer", short(answers(t, r, selector, "TXT")), "127.0.0.11 NXDOMAIN 1m0s", want[0], want[1])
	}
}

func TestConfiguredServers(t *testing.T) {
	w := newWorld(t)
	w.put(t, selector+`. TXT "`+key+`"`)
	r := w.resolver(t, func(c *resolver.Config) { c.Servers = []string{w.second.Addr, w.provider.Addr} })
	expect(t, "configured", short(answers(t, r, selector, "TXT")), "127.0.0.12 NOERROR "+key, "127.0.0.13 REFUSED !the server answers REFUSED")
	if len(w.recursive.Queries()) != 0 {
		t.Error("the recursive server was asked")
	}
	w.put(t, "sm2._domainkey."+domain+". CNAME k.provider.net.")
	set(t, w.provider, "provider.net", "@ NS ns", "ns A 127.0.0.13", `k TXT "outside"`)
	set(t, w.provider, "in-addr.arpa", "@ NS ns.provider.net.", "1.2.0.192 PTR mail."+domain+".")
	r = w.resolver(t, func(c *resolver.Config) { c.Servers = []string{w.second.Addr} })
	expect(t, "a target elsewhere", short(answers(t, r, "sm2._domainkey."+domain, "TXT")), "127.0.0.12 NOERROR outside")
	reverse := func() string {
		all, err := r.Answers(t.Context(), "2.0.192.in-addr.arpa", "1.2.0.192.in-addr.arpa", "PTR")
		if err != nil {
			t.Fatal(err)
		}
		return short(all)
	}
	expect(t, "an address's name", reverse(), "127.0.0.13 NOERROR mail."+domain)
	w.second.Lie(dnstest.Lame)
	expect(t, "lame for it", reverse(), "127.0.0.13 NOERROR mail."+domain)
	w.second.Lie()
	set(t, w.first, "2.0.192.in-addr.arpa", "1 PTR other."+domain+".")
	expect(t, "and where they hold it", reverse(), "127.0.0.12 NOERROR other."+domain)
	w.second.Lie(dnstest.Lame)
	expect(t, "not looked for elsewhere", short(answers(t, r, selector, "TXT")), "127.0.0.12 NOERROR !lame: the server has no authority for the zone")
	w.second.Lie()
	w.put(t, "_domainkey."+domain+". NS ns.provider.net.")
	w.recursive.Lie(dnstest.About("omani.works", "", dnstest.ServFail)) // nor is it asked from above
	w.second.Follow(w.first)
	set(t, w.provider, "_domainkey."+domain, "@ NS ns.provider.net.", `sm1 TXT "delegated"`)
	expect(t, "delegated", short(answers(t, r, selector, "TXT")), "127.0.0.13 NOERROR delegated")
}

func TestCNAMEs(t *testing.T) {
	w := newWorld(t)
	w.put(t, selector+". CNAME here", `here TXT "inside"`, "sm2._domainkey."+domain+". CNAME k.provider.net.",
		"sm3._domainkey."+domain+". CNAME loop.provider.net.", "sm4._domainkey."+domain+". CNAME nowhere.test.", "sm5._domainkey."+domain+". CNAME none")
	set(t, w.provider, "provider.net", "@ NS ns", "ns A 127.0.0.13", `k TXT "outside"`, "loop CNAME sm3._domainkey."+domain+".")
	r := w.resolver(t, nil)
	for name, want := range map[string]string{
		"sm1": "NOERROR inside", "sm2": "NOERROR outside", "sm3": " !the target of its CNAME: its CNAMEs have no end",
		"sm4": " !the name servers of its CNAME's target were not found", "sm5": "NXDOMAIN 1m0s",
	} {
		got := short(answers(t, r, name+"._domainkey."+domain, "TXT"))
		if name == "sm3" { // each turn of the circle adds a word
			got = strings.ReplaceAll(got, strings.Repeat("the target of its CNAME: ", 8), "the target of its CNAME: ")
		}
		expect(t, name, got, "127.0.0.11 "+want, "127.0.0.12 "+want)
	}
	if w.recursive.Asked("k.provider.net") != 0 {
		t.Error("the recursive server was asked for the target")
	}
	w.first.Lie(dnstest.About("sm2._domainkey."+domain, "", dnstest.Says("sm2._domainkey."+domain+". 60 CNAME k.provider.net.", `k.provider.net. 60 TXT "forged"`)))
	expect(t, "what is not its to say", short(answers(t, r, "sm2._domainkey."+domain, "TXT")), "127.0.0.11 NOERROR outside", "127.0.0.12 NOERROR outside")
	w.first.Lie()
	w.provider.Lie(dnstest.ServFail)
	expect(t, "a target that fails", short(answers(t, r, "sm2._domainkey."+domain, "TXT")),
		"127.0.0.11 SERVFAIL !the target of its CNAME: the server answers SERVFAIL", "127.0.0.12 SERVFAIL !the target of its CNAME: the server answers SERVFAIL")
}

func TestNoRouteForAFamily(t *testing.T) {
	w := newWorld(t)
	w.put(t, "ns1 AAAA 2001:db8::1", "ns2 AAAA 2001:db8::2", selector+`. TXT "`+key+`"`)
	real := w.dial
	six := func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "[2001:db8::") {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ENETUNREACH}
		}
		return real(ctx, network, address)
	}
	w.dial = six
	expect(t, "left out", short(answers(t, w.resolver(t, nil), selector, "TXT")), "127.0.0.11 NOERROR "+key, "127.0.0.12 NOERROR "+key)
	w.first.Drop("ns2.omani.works", "A")
	expect(t, "has no other", short(answers(t, w.resolver(t, nil), selector, "TXT")), "127.0.0.11 NOERROR "+key, "2001:db8::2  !no route to it")
	w.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		return real(ctx, network, strings.NewReplacer("[2001:db8::1]", "127.0.0.11", "[2001:db8::2]", "127.0.0.12").Replace(address))
	}
	expect(t, "reached", short(answers(t, w.resolver(t, nil), selector, "TXT")), "127.0.0.11 NOERROR "+key, "2001:db8::1 NOERROR "+key, "2001:db8::2 NOERROR "+key)
}

func TestServersThatAreNotFound(t *testing.T) {
	w := newWorld(t)
	w.recursive.Lie(dnstest.About("ns2.omani.works", "", dnstest.ServFail))
	w.put(t, selector+`. TXT "`+key+`"`)
	r := w.resolver(t, nil)
	expect(t, "one host", short(answers(t, r, selector, "TXT")), "127.0.0.11 NOERROR "+key, "ns2.omani.works  !its address could not be looked up")
	w.recursive.Lie()
	expect(t, "not remembered", short(answers(t, r, selector, "TXT")), "127.0.0.11 NOERROR "+key, "127.0.0.12 NOERROR "+key)
	w.recursive.Lie(dnstest.ServFail)
	if _, err := w.resolver(t, nil).Answers(t.Context(), domain, selector, "TXT"); !errors.Is(err, resolver.ErrNoServers) {
		t.Errorf("without a recursive server: %v", err)
	}
	for _, wrong := range [][3]string{{domain, "other.works", "TXT"}, {domain, selector, "NONSENSE"}, {"", selector, "TXT"}, {domain, "a..omantel.omani.works", "A"}, {domain, "", "A"}, {domain, strings.Repeat("x", 64) + "." + domain, "A"}} {
		if _, err := r.Answers(t.Context(), wrong[0], wrong[1], wrong[2]); !errors.Is(err, resolver.ErrName) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
