package publish

import (
	"fmt"

	"github.com/miekg/dns"

	"github.com/openova-io/smtp-mirror/zone"
)

// reading is an RRset as the server has it.
type reading struct {
	id
	exact   []dns.RR      // as it was received: an update has to say the same
	records []zone.Record // the same in the form in which values are compared
	alias   string        // the CNAME that is there instead, "" = none
}

// read takes one RRset out of an answer, which may have more where there is a CNAME.
func read(i id, answer []dns.RR) reading {
	r := reading{id: i}
	for _, rr := range answer {
		got := zone.FromRR(rr)
		switch {
		case got.Name != i.name:
		case got.Type == i.kind:
			r.exact, r.records = append(r.exact, rr), append(r.records, got)
		case got.Type == "CNAME":
			r.alias = got.Value
		}
	}
	return r
}

// message is the update of one RRset and of the marks, which the server carries out as
// a whole or not at all: it takes it only while both are as they were read.
func message(apex string, s step, set, marker reading) (*dns.Msg, error) {
	m := new(dns.Msg).SetUpdate(dns.Fqdn(apex))
	m.Compress = true
	require(m, set)
	require(m, marker)
	switch {
	case len(s.add) == 0:
	case set.kind != "CNAME":
		absent(m, id{set.name, "CNAME"})
	case len(set.exact) == 0: // beside a CNAME is no place for anything
		m.NameNotUsed([]dns.RR{&dns.ANY{Hdr: dns.RR_Header{Name: dns.Fqdn(set.name)}}})
	}
	for _, r := range s.remove {
		m.Remove([]dns.RR{set.find(r)})
	}
	for _, k := range s.unmark {
		m.Remove([]dns.RR{marker.find(k.record(marker.name))})
	}
	added := s.add
	for _, k := range s.mark {
		added = append(added[:len(added):len(added)], k.record(marker.name))
	}
	for _, r := range added {
		rr, err := r.RR()
		if err != nil {
			return nil, fmt.Errorf("building the update: %w", err)
		}
		m.Insert([]dns.RR{rr})
	}
	return m, nil
}

// require makes the RRset that was read a condition (RFC 2136, sections 2.4.2, 2.4.3).
func require(m *dns.Msg, r reading) {
	if len(r.exact) == 0 {
		absent(m, r.id)
		return
	}
	for _, rr := range r.exact {
		m.Used([]dns.RR{dns.Copy(rr)})
	}
}

func absent(m *dns.Msg, i id) {
	m.RRsetNotUsed([]dns.RR{&dns.ANY{Hdr: dns.RR_Header{Name: dns.Fqdn(i.name), Rrtype: dns.StringToType[i.kind], Class: dns.ClassINET}}})
}

// find is a copy of a record as it was received.
func (r reading) find(want zone.Record) dns.RR {
	for n, got := range r.records {
		if got.Value == want.Value {
			return dns.Copy(r.exact[n])
		}
	}
	panic("a record is removed that was not read")
}

// carries reports whether the RRset is as the step wants it.
func (r reading) carries(s step) bool {
	for _, a := range s.add {
		if !holds(r.records, a) {
			return false
		}
	}
	for _, gone := range s.remove {
		if holds(r.records, gone) {
			return false
		}
	}
	return true
}

// summary is what a step does, for people.
func (s step) summary(i id) string {
	text := fmt.Sprintf("%s: %d added, %d removed", i, len(s.add), len(s.remove))
	if s.displaced > 0 {
		text += fmt.Sprintf(", %d of them not ours", s.displaced)
	}
	return text
}
