package publish

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openova-io/smtp-mirror/zone"
)

// place is an RRset with the marks, as a server would keep them.
type place struct {
	id
	records []zone.Record
	owned   map[mark]bool
}

func (p *place) put(r zone.Record) {
	i := slices.IndexFunc(p.records, func(o zone.Record) bool { return o.Value == r.Value })
	if i >= 0 {
		p.records = slices.Delete(p.records, i, i+1)
	}
	p.records = append(p.records, r)
}

// apply does what a server does with the update of a step.
func (p *place) apply(s step) {
	for _, r := range s.remove {
		p.records = slices.DeleteFunc(p.records, func(o zone.Record) bool { return o.Value == r.Value })
	}
	for _, r := range s.add {
		p.put(r)
	}
	for _, m := range s.unmark {
		delete(p.owned, m)
	}
	for _, m := range s.mark {
		p.owned[m] = true
	}
}

func draw(t *rapid.T, i id, label string) []zone.Record {
	values := map[string][]string{
		"TXT":  {"v=spf1 -all", "v=spf1 ip4:192.0.2.1 -all", "v=DMARC1; p=none", "v=DKIM1; p=QUJD", "v=DKIM1; p=", "verification=1", "verification=2"},
		"A":    {"192.0.2.1", "192.0.2.2", "192.0.2.3"},
		"TLSA": {"3 1 1 aa", "3 1 1 bb", "3 1 1 cc"},
	}[i.kind]
	var all []zone.Record
	for _, v := range rapid.SliceOfNDistinct(rapid.SampledFrom(values), 0, 3, rapid.ID[string]).Draw(t, label) {
		all = append(all, zone.Record{Name: i.name, Type: i.kind, TTL: time.Minute, Value: v})
	}
	return all
}

// TestDecideIsSafe walks one RRset through what we and others want of it. Nothing of
// others is removed but from our selectors; a second look finds nothing to do; where
// nothing stands in the way, what is wanted is there, or what is as good.
func TestDecideIsSafe(t *testing.T) {
	ids := []id{{"example.com", "TXT"}, {"_dmarc.example.com", "TXT"}, {"s1._domainkey.example.com", "TXT"}, {"mail.example.com", "A"}, {"_25._tcp.mail.example.com", "TLSA"}}
	rapid.Check(t, func(t *rapid.T) {
		p := place{id: rapid.SampledFrom(ids).Draw(t, "set"), owned: map[mark]bool{}}
		for range rapid.IntRange(1, 6).Draw(t, "length") {
			for _, r := range draw(t, p.id, "others add") {
				if !holds(p.records, r) {
					p.put(r)
				}
			}
			for _, r := range draw(t, p.id, "others remove") {
				p.records = slices.DeleteFunc(p.records, func(o zone.Record) bool { return o.Value == r.Value })
			}
			wanted := draw(t, p.id, "wanted")
			p.turn(t, wanted)
		}
	})
}

// turn lets us have our say once, and checks the laws.
func (p *place) turn(t *rapid.T, wanted []zone.Record) {
	mine, ours := ownedIDs(p.owned)[p.id], map[string]bool{}
	for _, r := range p.records {
		ours[r.Value] = p.owned[markOf(r)]
	}
	s := decide(p.id, p.records, wanted, "", p.owned)
	for _, r := range s.remove {
		if !ours[r.Value] && (!p.isKey() || !mine) {
			t.Fatalf("%q is not ours and removed", r.Value)
		}
	}
	blocked := s.foreign != ""
	p.apply(s)
	if again := decide(p.id, p.records, wanted, "", p.owned); !again.empty() {
		t.Fatalf("a second look finds %+v", again)
	}
	values := set{records: p.records}.values()
	for _, w := range wanted {
		if !blocked && !holds(p.records, w) && !serves(values, w) {
			t.Fatalf("%q is not there, and nothing is in the way", w.Value)
		}
	}
	for _, r := range p.records {
		if p.owned[markOf(r)] && !holds(wanted, r) {
			t.Fatalf("%q is ours, not wanted and still there", r.Value)
		}
	}
	for m := range p.owned {
		if !slices.ContainsFunc(wanted, func(w zone.Record) bool { return markOf(w) == m }) {
			t.Fatalf("the mark %s is left over", m)
		}
	}
}

// TestAnAliasHoldsEverything: beside a CNAME there is no place.
func TestAnAliasHoldsEverything(t *testing.T) {
	i := id{"mail.example.com", "A"}
	s := decide(i, nil, []zone.Record{{Name: i.name, Type: "A", Value: "192.0.2.1"}}, "www.example.com", nil)
	if !s.empty() || s.foreign != "www.example.com" {
		t.Errorf("%+v", s)
	}
}

// TestSharedSetsKeepTheirTTL: an RRset has one, and it is the others'.
func TestSharedSetsKeepTheirTTL(t *testing.T) {
	i := id{"example.com", "TXT"}
	others := []zone.Record{{Name: i.name, Type: "TXT", TTL: time.Second, Value: "verification=1"}}
	wanted := []zone.Record{{Name: i.name, Type: "TXT", TTL: time.Hour, Value: "v=spf1 -all"}}
	if s := decide(i, others, wanted, "", map[mark]bool{}); len(s.add) != 1 || s.add[0].TTL != time.Second {
		t.Errorf("%+v", s)
	}
}

// FuzzMark: what is written is read, and nothing else is.
func FuzzMark(f *testing.F) {
	f.Add("heritage=smtp-mirror type=A name=mail.example.com sha256=00112233445566778899aabbccddeeff", "192.0.2.1")
	f.Fuzz(func(t *testing.T, text, value string) {
		if m, ok := parseMark(text); ok && m.String() != text {
			t.Errorf("%q is read as %q", text, m)
		}
		m := markOf(zone.Record{Name: "mail.example.com", Type: "TXT", Value: value})
		if got, ok := parseMark(m.String()); !ok || got != m || len(m.String()) > 255 {
			t.Errorf("%q is read as %q", m, got)
		}
	})
}

// TestObjectNames: valid, and never the same for two sets.
func TestObjectNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[_*a-z0-9.-]{1,253}`)
		a, b := id{name.Draw(t, "a"), "TXT"}, id{name.Draw(t, "b"), "TXT"}
		n := objectName(a, "kit")
		if len(n) > 253 || strings.Trim(n, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || a != b && n == objectName(b, "kit") || n == objectName(a, "other") {
			t.Fatalf("%s", n)
		}
	})
}
