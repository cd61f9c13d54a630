package resolver_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/openova-io/smtp-mirror/internal/dnstest"
	"github.com/openova-io/smtp-mirror/resolver"
)

func TestServersThatFail(t *testing.T) {
	w := newWorld(t)
	w.put(t, selector+`. TXT "`+key+`"`)
	r := w.resolver(t, func(c *resolver.Config) { c.Servers = []string{w.first.Addr}; c.Timeout = 100 * time.Millisecond })
	patient := w.resolver(t, func(c *resolver.Config) { c.Servers = []string{w.first.Addr} })
	oldServer := func(q dnstest.Query, m *dns.Msg) *dns.Msg {
		if q.Size > 0 {
			m.Rcode, m.Answer, m.Extra = dns.RcodeFormatError, nil, nil
		}
		return m
	}
	upwards := func(_ dnstest.Query, m *dns.Msg) *dns.Msg {
		m.Answer, m.Authoritative = nil, false
		m.Ns = []dns.RR{&dns.NS{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeNS, Class: dns.ClassINET}, Ns: "a.root-servers.net."}}
		return m
	}
	noQuestion := func(_ dnstest.Query, m *dns.Msg) *dns.Msg {
		m.Question = nil
		return m
	}
	for name, c := range map[string]struct {
		r    *resolver.Resolver
		lie  dnstest.Lie
		want string
	}{
		"SERVFAIL":       {patient, dnstest.ServFail, "SERVFAIL !the server answers SERVFAIL"},
		"REFUSED":        {patient, dnstest.Refused, "REFUSED !the server answers REFUSED"},
		"lame":           {patient, dnstest.Lame, "NOERROR !lame: the server has no authority for the zone"},
		"upward":         {patient, upwards, "NOERROR !lame: the server has no authority for the zone"},
		"silent":         {r, dnstest.Silent, " !timed out"},
		"another id":     {r, dnstest.WrongID, " !timed out"},
		"another name":   {r, dnstest.WrongQuestion, " !timed out"},
		"no question":    {patient, noQuestion, " !the answer cannot be read"},
		"truncated":      {patient, dnstest.Truncated, "NOERROR " + key},
		"without EDNS":   {patient, oldServer, "NOERROR " + key},
		"other records":  {patient, dnstest.Says(`other.omani.works. 60 TXT "x"`, `k.provider.net. 60 TXT "x"`), "NOERROR "},
		"wrong TXT":      {patient, dnstest.Says(selector + `. 60 TXT "v=DKIM1; p=WRONG"`), "NOERROR v=DKIM1; p=WRONG"},
		"two TXT":        {patient, dnstest.Says(selector+`. 60 TXT "b"`, selector+`. 60 TXT "a"`, selector+`. 9 TXT "a"`), "NOERROR a|b"},
		"only by TCP":    {r, overUDP(dnstest.Silent), "NOERROR " + key},
		"cut off by TCP": {patient, cutOff, "NOERROR !the answer is cut off, by TCP too"},
	} {
		w.first.Lie(c.lie)
		expect(t, name, short(answers(t, c.r, selector, "TXT")), "127.0.0.11 "+c.want)
	}
	w.first.Lie()
	w.first.Garble(dnstest.Garbage)
	expect(t, "garbage", short(answers(t, patient, selector, "TXT")), "127.0.0.11  !the answer cannot be read")
	w.first.Garble(nil)
	w.first.Close()
	expect(t, "nobody", short(answers(t, patient, selector, "TXT")), "127.0.0.11  !nobody listens there")
}

func overUDP(lie dnstest.Lie) dnstest.Lie {
	return func(q dnstest.Query, m *dns.Msg) *dns.Msg {
		if q.Network == "udp" {
			return lie(q, m)
		}
		return m
	}
}

func cutOff(_ dnstest.Query, m *dns.Msg) *dns.Msg {
	m.Truncated, m.Answer = true, nil
	return m
}

func TestALongAnswerComesByTCP(t *testing.T) {
	w := newWorld(t)
	var long []string
	for i := range 10 {
		long = append(long, fmt.Sprintf(`%s. TXT "%d%s"`, selector, i, strings.Repeat("x", 200)))
	}
	w.put(t, long...)
	for _, a := range answers(t, w.resolver(t, nil), selector, "TXT") {
		if len(a.Values) != 10 || a.Problem != "" {
			t.Errorf("%d values, %s", len(a.Values), a.Problem)
		}
	}
	if q := w.first.Queries(); len(q) != 3 || q[1].Network != "tcp" {
		t.Errorf("asked: %+v", q)
	}
}

func TestAnEndOfTheContextEndsTheQuestion(t *testing.T) {
	w := newWorld(t)
	w.first.Lie(dnstest.Silent)
	r := w.resolver(t, func(c *resolver.Config) {
		c.Servers = []string{w.first.Addr, w.second.Addr}
		c.Timeout = time.Hour
		c.Parallel = 1
	})
	ctx, cancel := context.WithCancel(t.Context())
	w.first.Lie(func(dnstest.Query, *dns.Msg) *dns.Msg { cancel(); return nil })
	w.second.Lie(func(dnstest.Query, *dns.Msg) *dns.Msg { cancel(); return nil })
	all, err := r.Answers(ctx, domain, selector, "TXT")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if a.Problem == "" {
			t.Errorf("an answer: %+v", a)
		}
	}
}

func TestLookup(t *testing.T) {
	w := newWorld(t)
	w.put(t, "mail A 192.0.2.25", "mail AAAA 2001:DB8::19", "www CNAME mail", "@ MX 10 Mail")
	set(t, w.provider, "2.0.192.in-addr.arpa", "25 PTR Mail.omani.works.")
	r := w.resolver(t, nil)
	for question, want := range map[string]string{
		"mail.omani.works A": "NOERROR 192.0.2.25", "MAIL.omani.works. AAAA": "NOERROR 2001:db8::19", "www.omani.works A": "NOERROR 192.0.2.25",
		"omani.works MX": "NOERROR 10 mail.omani.works", "25.2.0.192.in-addr.arpa PTR": "NOERROR mail.omani.works", "none.omani.works A": "NXDOMAIN ", "omani.works A": "NOERROR ",
	} {
		name, kind, _ := strings.Cut(question, " ")
		got, err := r.Lookup(t.Context(), name, kind)
		if err != nil || got.Authentic || got.Code+" "+strings.Join(got.Values, "|") != want {
			t.Errorf("%s: %+v %v", question, got, err)
		}
	}
	w.recursive.Lie(dnstest.Authentic)
	if got, err := r.Lookup(t.Context(), "mail.omani.works", "A"); err != nil || !got.Authentic {
		t.Errorf("with DNSSEC: %+v %v", got, err)
	}
	w.recursive.Lie(dnstest.ServFail)
	if got, err := r.Lookup(t.Context(), "mail.omani.works", "A"); !errors.Is(err, resolver.ErrNoAnswer) || got.Code != "" {
		t.Errorf("a failure: %+v %v", got, err)
	}
	if _, err := r.Lookup(t.Context(), "", "A"); !errors.Is(err, resolver.ErrName) {
		t.Errorf("no name: %v", err)
	}
}

func TestConfig(t *testing.T) {
	for _, wrong := range []resolver.Config{{Servers: []string{"a:b"}}, {Servers: []string{"a:0"}}, {Servers: []string{":53"}}, {Recursive: "a b"}, {Servers: []string{""}}, {Recursive: "a:70000"}} {
		if _, err := resolver.New(wrong); err == nil {
			t.Errorf("accepted: %+v", wrong)
		}
	}
	for _, right := range []string{"192.0.2.1", "192.0.2.1:5353", "ns1.example.com", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:53"} {
		if _, err := resolver.New(resolver.Config{Servers: []string{right}, Recursive: right}); err != nil {
			t.Error(err)
		}
	}
}
