package resolver_test

import (
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/openova-io/smtp-mirror/internal/dnstest"
	"github.com/openova-io/smtp-mirror/resolver"
)

// registry adds the zone above, which delegates to ns1 and to a server that the zone
// does not name any more.
func registry(t *testing.T, w *world) (parent, stale *dnstest.Server) {
	parent, stale = start(t, "127.0.0.15:0"), start(t, "127.0.0.14:0")
	set(t, parent, "works", "@ NS ns.nic", "ns.nic A 127.0.0.15", "omani NS ns1.omani.works.", "omani NS ns3.provider.net.")
	set(t, w.provider, "provider.net", "@ NS ns", "ns A 127.0.0.13", "ns3 A 127.0.0.14")
	w.recursive.Recurse(w.first, w.second, w.provider, parent)
	w.dial = dnstest.Dialer(w.first, w.second, w.provider, parent, stale)
	return parent, stale
}

func TestTheRegistrarsServersAreAskedToo(t *testing.T) {
	w := newWorld(t)
	w.put(t, selector+`. TXT "`+key+`"`)
	parent, stale := registry(t, w)
	set(t, stale, "omani.works", "@ NS ns1", "ns1 A 127.0.0.11")
	r := w.resolver(t, nil)
	for range 2 {
		expect(t, "stale", short(answers(t, r, selector, "TXT")), "127.0.0.11 NOERROR "+key, "127.0.0.12 NOERROR "+key, "127.0.0.14 NXDOMAIN 1m0s")
	}
	if n := len(parent.Queries()); n != 1 || w.recursive.Asked(selector) != 0 {
		t.Errorf("the parent was asked %d times", n)
	}
	for _, q := range parent.Queries() {
		if q.Name != "omani.works" || q.Type != "NS" || q.Recursion {
			t.Errorf("asked: %+v", q)
		}
	}
}

func TestAParentThatIsSilentIsNoError(t *testing.T) {
	w := newWorld(t)
	w.put(t, selector+`. TXT "`+key+`"`)
	parent, _ := registry(t, w)
	parent.Lie(silentToUs)
	w.recursive.Lie(dnstest.About("ns2.omani.works", "", dnstest.ServFail)) // so that the zone itself is not remembered
	r := w.resolver(t, func(c *resolver.Config) { c.Timeout = 200 * time.Millisecond })
	expect(t, "silent", short(answers(t, r, selector, "TXT")), "127.0.0.11 NOERROR "+key, "ns2.omani.works  !its address could not be looked up")
	asked := len(parent.Queries())
	expect(t, "again", short(answers(t, r, selector, "TXT")), "127.0.0.11 NOERROR "+key, "ns2.omani.works  !its address could not be looked up")
	if n := len(parent.Queries()); asked == 0 || n != asked {
		t.Errorf("the parent was asked %d times, and then %d", asked, n-asked)
	}
}

// silentToUs keeps silent where we ask, and answers the recursive server of the test.
func silentToUs(q dnstest.Query, m *dns.Msg) *dns.Msg {
	if q.Type == "NS" && q.Name == "omani.works" {
		return nil
	}
	return m
}
