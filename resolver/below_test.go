package resolver_test

import (
	"testing"

	"github.com/openova-io/smtp-mirror/internal/dnstest"
)

// below is a world in which the first server holds the zone of the domain as well, and
// another one holds nothing else.
func below(t *testing.T) (*world, *dnstest.Server) {
	w := newWorld(t)
	child := start(t, "127.0.0.14:0")
	w.put(t, domain+". NS ns1.omani.works.", domain+". NS ns3.omani.works.", "ns3 A 127.0.0.14")
	w.second.Freeze()
	for _, s := range []*dnstest.Server{w.first, child} {
		set(t, s, domain, "@ NS ns1.omani.works.", "@ NS ns3.omani.works.", `sm1._domainkey TXT "`+key+`"`, "sm2._domainkey CNAME k")
	}
	w.recursive.Recurse(w.first, w.second, w.provider, child)
	w.dial = dnstest.Dialer(w.first, w.second, w.provider, child)
	return w, child
}

func TestAServerOfBothZonesIsNotTheOnlyOne(t *testing.T) {
	w, child := below(t)
	expect(t, "everywhere", short(answers(t, w.resolver(t, nil), selector, "TXT")), "127.0.0.11 NOERROR "+key, "127.0.0.14 NOERROR "+key)
	child.Drop(selector, "TXT")
	expect(t, "not on the other", short(answers(t, w.resolver(t, nil), selector, "TXT")), "127.0.0.11 NOERROR "+key, "127.0.0.14 NXDOMAIN 1m0s")
	expect(t, "nor is its absence", short(answers(t, w.resolver(t, nil), "sm9._domainkey."+domain, "TXT")), "127.0.0.11 NXDOMAIN 1m0s", "127.0.0.14 NXDOMAIN 1m0s")
	w.second.Follow(w.first) // no server refers
	expect(t, "nobody refers", short(answers(t, w.resolver(t, nil), selector, "TXT")), "127.0.0.11 NOERROR "+key, "127.0.0.14 NXDOMAIN 1m0s")
	if w.recursive.Asked(selector) != 0 {
		t.Error("the recursive server was asked")
	}
	if err := w.first.Put(domain, `k TXT "target"`); err != nil {
		t.Fatal(err)
	}
	expect(t, "by a CNAME", short(answers(t, w.resolver(t, nil), "sm2._domainkey."+domain, "TXT")), "127.0.0.11 NOERROR target", "127.0.0.14 NXDOMAIN 1m0s")
}

func TestACNAMEIntoAZoneBelow(t *testing.T) {
	w, child := below(t)
	w.second.Follow(w.first)
	w.put(t, "k1._domainkey CNAME sm1._domainkey."+domain+".")
	if got, err := w.resolver(t, nil).Answers(t.Context(), "omani.works", "k1._domainkey.omani.works", "TXT"); err != nil || short(got) != "127.0.0.11 NOERROR "+key+"\n127.0.0.12 NOERROR "+key {
		t.Errorf("%v\n%s", err, short(got))
	}
	child.Drop(selector, "TXT")
	if got, err := w.resolver(t, nil).Answers(t.Context(), "omani.works", "k1._domainkey.omani.works", "TXT"); err != nil || short(got) != "127.0.0.11 NXDOMAIN 1m0s\n127.0.0.12 NXDOMAIN 1m0s" {
		t.Errorf("%v\n%s", err, short(got))
	}
}

func TestAReferralBesideAnAnswer(t *testing.T) {
	w, _ := below(t)
	w.second.Freeze()
	for range 3 {
		expect(t, "ns2 refers", short(answers(t, w.resolver(t, nil), selector, "TXT")), "127.0.0.11 NOERROR "+key, "127.0.0.14 NOERROR "+key)
	}
}
