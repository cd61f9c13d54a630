package resolver

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/openova-io/smtp-mirror/zone"
)

func TestValuesAreThoseOfARecord(t *testing.T) {
	for record, want := range map[string]string{
		`k.example.com. A 192.0.2.1`:                   "192.0.2.1",
		`k.example.com. AAAA 2001:DB8:0::1`:            "2001:db8::1",
		`k.example.com. MX 10 Mail.Example.COM.`:       "10 mail.example.com",
		`k.example.com. NS Y.Example.`:                 "y.example",
		`k.example.com. PTR Y.Example.`:                "y.example",
		`k.example.com. SRV 0 1 587 Mail.Example.`:     "0 1 587 mail.example",
		`k.example.com. TLSA 3 1 1 ABCDEF0123`:         "3 1 1 abcdef0123",
		`k.example.com. CAA 0 issue "letsencrypt.org"`: `0 issue "letsencrypt.org"`,
		`k.example.com. TXT "v=spf1 " "-all"`:          "v=spf1 -all",
		`k.example.com. TXT "a\"b\\c" "\200\065d"`:     "a\"b\\c\xc8Ad",
	} {
		rr, err := dns.NewRR(record)
		if err != nil {
			t.Fatal(err)
		}
		q := dns.Question{Name: "k.example.com.", Qtype: rr.Header().Rrtype, Qclass: dns.ClassINET}
		m := dns.Msg{MsgHdr: dns.MsgHdr{Response: true, Authoritative: true}, Question: []dns.Question{q}, Answer: []dns.RR{rr}}
		packet, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		if got := decode(packet, q, "example.com.", true).answer; !slices.Equal(got.Values, []string{want}) || got.Problem != "" {
			t.Errorf("%s: %+v, not %q", record, got, want)
		}
	}
}

func TestWhatBelongsToAQuestion(t *testing.T) {
	q := dns.Question{Name: "k.example.com.", Qtype: dns.TypeTXT, Qclass: dns.ClassINET}
	upper, other, kind := q, q, q
	upper.Name, other.Name, kind.Qtype = "K.Example.COM.", "l.example.com.", dns.TypeMX
	packet := func(id uint16, response bool, q ...dns.Question) []byte {
		m := dns.Msg{MsgHdr: dns.MsgHdr{Id: id, Response: response}, Question: q}
		p, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for i, c := range []struct {
		packet []byte
		want   bool
	}{
		{packet(7, true, q), true}, {packet(7, true, upper), true}, {packet(7, true), true},
		{packet(8, true, q), false}, {packet(7, false, q), false}, {packet(7, true, other), false}, {packet(7, true, kind), false},
		{packet(7, true)[:11], false}, {packet(7, true)[:3], false}, {nil, false}, {packet(7, true, q)[:20], true}, // cut off, so it cannot be read
	} {
		if got := belongs(c.packet, 7, q); got != c.want {
			t.Errorf("%d: %t", i, got)
		}
	}
}

func TestTheShorterTTLIsHowLongAbsenceLasts(t *testing.T) {
	for soa, want := range map[string]time.Duration{
		"example.com. 300 SOA a. b. 1 2 3 4 60":  time.Minute,
		"example.com. 30 SOA a. b. 1 2 3 4 600":  30 * time.Second,
		"example.com. 0 SOA a. b. 1 2 3 4 600":   0,
		"other.com. 30 SOA a. b. 1 2 3 4 600":    0,
		"x.k.example.com. 9 SOA a. b. 1 2 3 4 5": 0,
	} {
		rr, err := dns.NewRR(soa)
		if err != nil {
			t.Fatal(err)
		}
		q := dns.Question{Name: "k.example.com.", Qtype: dns.TypeTXT, Qclass: dns.ClassINET}
		m := dns.Msg{MsgHdr: dns.MsgHdr{Response: true, Authoritative: true, Rcode: dns.RcodeNameError}, Question: []dns.Question{q}, Ns: []dns.RR{rr}}
		packet, err := m.Pack()
		if err != nil {
			t.Fatal(err)
		}
		if got := decode(packet, q, "example.com.", true).answer; got.Negative != want || got.Code != "NXDOMAIN" || got.Problem != "" {
			t.Errorf("%s: %+v", soa, got)
		}
	}
}

func TestTogetherIsTheWorst(t *testing.T) {
	one := zone.Answer{Code: "NOERROR", Values: []string{"1"}}
	two := zone.Answer{Code: "NOERROR", Values: []string{"2"}}
	none := zone.Answer{Code: "NXDOMAIN", Negative: time.Minute}
	fails := zone.Answer{Code: "SERVFAIL", Problem: "it fails"}
	for i, c := range []struct {
		all  []zone.Answer
		want zone.Answer
	}{
		{[]zone.Answer{one, one}, one},
		{[]zone.Answer{two, one}, zone.Answer{Code: "NOERROR", Values: []string{"1", "2"}}},
		{[]zone.Answer{one, none, two}, none},
		{[]zone.Answer{none, one}, none},
		{[]zone.Answer{one, fails, none}, zone.Answer{Code: "SERVFAIL", Problem: "the target of its CNAME: it fails"}},
		{[]zone.Answer{fails, one}, zone.Answer{Code: "SERVFAIL", Problem: "the target of its CNAME: it fails"}},
	} {
		if got := together(c.all); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%d: %+v, not %+v", i, got, c.want)
		}
	}
	if one.Values[0] != "1" {
		t.Error("what was given has changed")
	}
}

func TestZonesAreRememberedForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := New(Config{})
		if err != nil {
			t.Fatal(err)
		}
		r.cuts["works."] = cut{zone: "works.", until: time.Now().Add(time.Hour)}
		r.cuts["omani.works."] = cut{zone: "omani.works.", until: time.Now().Add(time.Minute)}
		if c, _ := r.remembered("k.omani.works."); c.zone != "omani.works." {
			t.Errorf("at once: %s", c.zone)
		}
		time.Sleep(time.Minute)
		if c, _ := r.remembered("k.omani.works."); c.zone != "works." || len(r.cuts) != 1 {
			t.Errorf("after a minute: %s", c.zone)
		}
		if _, known := r.remembered("xworks."); known {
			t.Error("another name's zone")
		}
	})
}

func TestWhoWaitsForASlotIsNotKept(t *testing.T) {
	r, err := New(Config{Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	r.slots <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := r.ask(ctx, "192.0.2.1:53", dns.Question{}, ".", true).answer; got.Problem != "not waited for" || got.Server != "192.0.2.1:53" {
		t.Errorf("%+v", got)
	}
}

func TestTheLastTwoLabels(t *testing.T) {
	for name, want := range map[string]string{"a.b.c.d.": "c.d.", "c.d.": "c.d.", "d.": "d.", ".": ".", `a.b\.c.d.`: `b\.c.d.`} {
		if got := lastTwo(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// FuzzDecode: whatever comes, nothing panics, and only an answer without a problem,
// from a server with authority for the zone, has values or says that there is none.
func FuzzDecode(f *testing.F) {
	q := dns.Question{Name: "k.example.com.", Qtype: dns.TypeTXT, Qclass: dns.ClassINET}
	for _, line := range []string{`k.example.com. TXT "a"`, "k.example.com. CNAME l.example.com.", "k.example.com. CNAME k.example.com.", "example.com. NS ns.example.com.", "example.com. SOA a. b. 1 2 3 4 5"} {
		rr, err := dns.NewRR(line)
		if err != nil {
			f.Fatal(err)
		}
		for _, m := range []dns.Msg{{Answer: []dns.RR{rr}}, {Ns: []dns.RR{rr}}} {
			m.Question, m.Response, m.Authoritative = []dns.Question{q}, true, true
			packet, err := m.Pack()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(packet, uint16(0), true)
			m.Authoritative = false
			packet, _ = m.Pack()
			f.Add(packet, uint16(0), false)
		}
	}
	f.Fuzz(func(t *testing.T, packet []byte, id uint16, authority bool) {
		for _, kind := range []uint16{dns.TypeTXT, dns.TypeMX, dns.TypeTLSA, dns.TypeNS, dns.TypeSOA, dns.TypeCAA, dns.TypeA} {
			q := dns.Question{Name: q.Name, Qtype: kind, Qclass: dns.ClassINET}
			belongs(packet, id, q)
			r := decode(packet, q, "example.com.", authority)
			if r.answer.Problem != "" && (len(r.answer.Values) > 0 || r.answer.Negative != 0 || r.elsewhere != "") {
				t.Errorf("a problem and an answer: %+v", r)
			}
			if authority && r.answer.Problem == "" && packet[2]&0x04 == 0 {
				t.Errorf("an answer without authority: %+v", r)
			}
			if r.referred != "" && !dns.IsSubDomain("example.com.", r.referred) {
				t.Errorf("a referral upwards: %+v", r)
			}
		}
	})
}
