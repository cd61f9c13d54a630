package outside_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/openova-io/smtp-mirror/internal/outside"
	"github.com/openova-io/smtp-mirror/zone"
)

const selector = "s1._domainkey." + domain

func txt(name, value string) zone.Record { return zone.Record{Name: name, Type: "TXT", Value: value} }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// exchange asks without EDNS, as the oldest resolver does.
func exchange(t *testing.T, network, server, name string, kind uint16) *dns.Msg {
	t.Helper()
	client := &dns.Client{Net: network, Timeout: 300 * time.Millisecond}
	m, _, err := client.Exchange(new(dns.Msg).SetQuestion(dns.Fqdn(name), kind), server)
	must(t, err)
	return m
}

func TestAnswers(t *testing.T) {
	w := start(t, outside.Options{Zones: []string{domain}, Servers: 1, Negative: 7 * time.Second})
	long := "v=DKIM1; k=rsa; p=" + strings.Repeat("A", 700)
	must(t, w.Publish([]zone.Record{txt(selector, long), {Name: domain, Type: "MX", Value: "10 mail." + domain}}))
	server := w.Addrs()[0]
	tests := map[string]struct {
		name   string
		kind   uint16
		code   int
		answer int
	}{
		"what is there":         {domain, dns.TypeMX, dns.RcodeSuccess, 1},
		"another type":          {domain, dns.TypeTXT, dns.RcodeSuccess, 0},
		"a name above":          {"_domainkey." + domain, dns.TypeTXT, dns.RcodeSuccess, 0},
		"a name that is absent": {"s2._domainkey." + domain, dns.TypeTXT, dns.RcodeNameError, 0},
		"another zone":          {"example.org", dns.TypeA, dns.RcodeRefused, 0},
		"the apex":              {domain, dns.TypeSOA, dns.RcodeSuccess, 1},
	}
	for name, test := range tests {
		m := exchange(t, "udp", server, test.name, test.kind)
		if m.Rcode != test.code || len(m.Answer) != test.answer || m.Authoritative != (test.code != dns.RcodeRefused) {
			t.Errorf("%s: %v", name, m)
		}
	}
	absent := exchange(t, "udp", server, "s2._domainkey."+domain, dns.TypeTXT)
	if soa, ok := absent.Ns[0].(*dns.SOA); !ok || soa.Minttl != 7 {
		t.Errorf("the negative TTL is not told: %v", absent)
	}
	if m := exchange(t, "udp", server, selector, dns.TypeTXT); !m.Truncated {
		t.Errorf("what does not fit is not truncated: %v", m)
	}
	m := exchange(t, "tcp", server, selector, dns.TypeTXT)
	if len(m.Answer) != 1 || strings.Join(m.Answer[0].(*dns.TXT).Txt, "") != long {
		t.Errorf("over TCP: %v", m)
	}
	if texts, err := outside.TXT(t.Context(), server, selector); err != nil || !slices.Equal(texts, []string{long}) {
		t.Errorf("the view: %v %v", texts, err)
	}
}

func TestMoods(t *testing.T) {
	w := start(t, outside.Options{Zones: []string{domain}, Servers: 2})
	must(t, w.Publish([]zone.Record{txt(selector, "one")}))
	a, b := w.Servers[0], w.Servers[1]
	says := func(s *outside.NameServer, want ...string) {
		t.Helper()
		if got, err := outside.TXT(t.Context(), s.Addr(), selector); !slices.Equal(got, want) || (err == nil) != (len(want) > 0) {
			t.Errorf("it says %v, %v, want %v", got, err, want)
		}
	}
	b.Be(outside.Stale)
	must(t, w.Publish([]zone.Record{txt(selector, "two")}))
	says(a, "two")
	says(b, "one")
	b.Be(outside.Honest)
	must(t, w.Refresh())
	says(b, "two")
	for _, mood := range []outside.Mood{outside.ServFail, outside.Gone} {
		b.Be(mood)
		says(a, "two")
		says(b)
	}
	b.Be(outside.Honest)
	b.Tell(func(name string, _ []string) ([]string, bool) { return []string{"three"}, name == selector })
	says(b, "three")
	b.Tell(func(string, []string) ([]string, bool) { return nil, true })
	says(b)
	b.Tell(nil)
	says(b, "two")
}

func TestHistory(t *testing.T) {
	w := start(t, outside.Options{Zones: []string{domain}, Servers: 2, Lag: 50 * time.Millisecond})
	before := time.Now()
	must(t, w.Publish([]zone.Record{txt(selector, "one")}))
	first := time.Now()
	if _, knew := w.Servers[0].Knew(selector, "TXT", "one", before); knew {
		t.Error("it knew before it was told")
	}
	if since, knew := w.Servers[0].Knew(selector, "TXT", "one", first); !knew || since.Before(before) {
		t.Error("it does not know what it was told")
	}
	if _, knew := w.Servers[1].Knew(selector, "TXT", "one", first); knew {
		t.Error("the secondary has no lag")
	}
	await(t, func() bool { _, held := w.Servers[1].Held(selector, "TXT", time.Now()); return held })
	must(t, w.Publish([]zone.Record{txt(selector, "two")}))
	if since, held := w.Servers[0].Held(selector, "TXT", time.Now()); !held || since.After(first) {
		t.Error("another value is taken for a break")
	}
	if _, knew := w.Servers[0].Knew(selector, "TXT", "one", time.Now()); knew {
		t.Error("it still knows what was replaced")
	}
	must(t, w.Publish(nil))
	if _, held := w.Servers[0].Held(selector, "TXT", time.Now()); held {
		t.Error("it holds what was withdrawn")
	}
	if err := w.Publish([]zone.Record{{Name: domain, Type: "MX", Value: "no preference"}}); err == nil {
		t.Error("a record that nobody can serve is taken")
	}
}

func await(t *testing.T, holds func() bool) {
	t.Helper()
	deadline := time.After(5 * time.Second)
	for !holds() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			t.Fatal("not within 5 s")
		}
	}
}

func TestParseRecords(t *testing.T) {
	const head = `{"mx":{"name":"example.test","value":"mail.example.test","priority":10},"spf":{"name":"example.test","value":"v=spf1 mx ~all"},
		"ptr":{"name":"<LoadBalancer IPv4>","value":"mail.example.test"},"dkim":{"name":"x","publicKey":""},"dkimKeys":[{"name":"s1._domainkey.example.test","txt":"v=DKIM1; p=A","stage":"pending"}]`
	tests := map[string]struct {
		document string
		want     []string
	}{
		"the old members":    {head + `}`, []string{"MX 10 mail.example.test", "TXT v=spf1 mx ~all", "TXT v=DKIM1; p=A"}},
		"records[]":          {head + `,"records":[{"name":"example.test","type":"A","ttl":300,"value":"192.0.2.1","why":"x","state":"Missing"}]}`, []string{"A 192.0.2.1"}},
		"nothing to publish": {`{"spf":null,"dkimKeys":[{"name":"","txt":"x"}]}`, nil},
	}
	for name, test := range tests {
		records, err := outside.ParseRecords([]byte(test.document))
		must(t, err)
		var got []string
		for _, r := range records {
			got = append(got, r.Type+" "+r.Value)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	if _, err := outside.ParseRecords([]byte("{")); err == nil {
		t.Error("half a document is taken")
	}
}
