package resolver

import (
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/openova-io/smtp-mirror/zone"
)

// reply is what one packet says about a question.
type reply struct {
	answer    zone.Answer
	end       string   // the name that the CNAMEs of the answer lead to; without one, what was asked
	elsewhere string   // a CNAME leads here, and the server does not say what is there
	referred  string   // the delegated zone that the server refers to
	hosts     []string // the name servers of that zone, or those that an NS answer names
	apex      string   // the zone that the SOA names, in an answer or beside a negative one
	ttl       time.Duration
	truncated bool
	plainOnly bool // the server does not understand EDNS0
	authentic bool // AD
	noRoute   bool // this machine cannot reach the address
	foreign   bool // the server does not hold the zone
}

// belongs is true for a packet that answers this question and no other. What is not
// even that was sent by somebody else, or is late: it is waited on.
func belongs(packet []byte, id uint16, q dns.Question) bool {
	if len(packet) < 12 || uint16(packet[0])<<8|uint16(packet[1]) != id || packet[2]&0x80 == 0 {
		return false
	}
	asked, _, ok := asks(packet)
	return !ok || strings.EqualFold(asked.Name, q.Name) && asked.Qtype == q.Qtype && asked.Qclass == q.Qclass
}

// asks reads the one question of a packet; ok is false where there is none to read.
func asks(packet []byte) (q dns.Question, end int, ok bool) {
	if packet[4] != 0 || packet[5] != 1 {
		return q, 0, false
	}
	name, end, err := dns.UnpackDomainName(packet, 12)
	if err != nil || end+4 > len(packet) {
		return q, 0, false
	}
	q.Name = name
	q.Qtype = uint16(packet[end])<<8 | uint16(packet[end+1])
	q.Qclass = uint16(packet[end+2])<<8 | uint16(packet[end+3])
	return q, end + 4, true
}

// decode reads a packet that belongs to a question. within is the zone that the
// server was asked for, absolute: what it says about other names counts for nothing.
// authority is false for a recursive server.
func decode(packet []byte, q dns.Question, within string, authority bool) reply {
	var m dns.Msg
	if err := m.Unpack(packet); err != nil || len(m.Question) != 1 && m.Rcode == dns.RcodeSuccess {
		return reply{answer: zone.Answer{Problem: "the answer cannot be read"}}
	}
	r := reply{truncated: m.Truncated, authentic: m.AuthenticatedData}
	r.answer.Code = dns.RcodeToString[m.Rcode]
	switch {
	case m.Truncated:
		r.answer.Problem = "the answer is cut off, by TCP too"
	case m.Rcode == dns.RcodeFormatError || m.Rcode == dns.RcodeNotImplemented:
		r.plainOnly = true
		r.answer.Problem = "the server does not understand the question"
	case m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError:
		r.answer.Problem = "the server answers " + code(m.Rcode)
		r.foreign = m.Rcode == dns.RcodeRefused || m.Rcode == dns.RcodeNotAuth
	case authority && !m.Authoritative:
		r.refer(&m, q, within)
	default:
		r.read(&m, q, within)
	}
	return r
}

func code(rcode int) string {
	if text, known := dns.RcodeToString[rcode]; known {
		return text
	}
	return "with an unknown code"
}

// refer reads a referral to a zone below; everything else without authority is lame.
func (r *reply) refer(m *dns.Msg, q dns.Question, within string) {
	r.answer.Problem = "lame: the server has no authority for the zone"
	r.foreign = true
	if m.Rcode != dns.RcodeSuccess || len(m.Answer) > 0 {
		return
	}
	for _, rr := range m.Ns {
		ns, ok := rr.(*dns.NS)
		at := dns.CanonicalName(rr.Header().Name)
		if !ok || at == within || !dns.IsSubDomain(within, at) || !dns.IsSubDomain(at, q.Name) || r.referred != "" && r.referred != at {
			continue
		}
		r.referred = at
		r.hosts = append(r.hosts, dns.CanonicalName(ns.Ns))
	}
	if r.referred != "" {
		r.answer.Problem = "the server refers to others"
	}
}

// read follows the CNAMEs of an answer and takes the values at their end.
func (r *reply) read(m *dns.Msg, q dns.Question, within string) {
	name := q.Name
	r.end = name
	for range maxChain {
		next := ""
		for _, rr := range m.Answer {
			if cname, ok := rr.(*dns.CNAME); ok && dns.CanonicalName(rr.Header().Name) == name && q.Qtype != dns.TypeCNAME {
				next = dns.CanonicalName(cname.Target)
			}
		}
		if next == "" {
			break
		}
		name, r.end = next, next
		if !dns.IsSubDomain(within, name) {
			r.elsewhere = name
			return
		}
	}
	r.take(m, name, q.Qtype)
	r.negative(m, name)
	if name != q.Name && len(r.answer.Values) == 0 && r.apex == "" {
		r.elsewhere = name // a chain without an end
	}
}

func (r *reply) take(m *dns.Msg, name string, kind uint16) {
	for _, rr := range m.Answer {
		if dns.CanonicalName(rr.Header().Name) != name || rr.Header().Rrtype != kind || rr.Header().Class != dns.ClassINET {
			continue
		}
		r.ttl = time.Duration(rr.Header().Ttl) * time.Second
		switch rr := rr.(type) {
		case *dns.NS:
			r.hosts = append(r.hosts, dns.CanonicalName(rr.Ns))
		case *dns.SOA:
			r.apex = name
		}
		if v := zone.FromRR(rr).Value; !slices.Contains(r.answer.Values, v) {
			r.answer.Values = append(r.answer.Values, v)
		}
	}
	slices.Sort(r.answer.Values)
}

// negative takes from the SOA beside "there is none" how long that may be remembered.
func (r *reply) negative(m *dns.Msg, name string) {
	for _, rr := range m.Ns {
		soa, ok := rr.(*dns.SOA)
		if !ok || len(r.answer.Values) > 0 || !dns.IsSubDomain(rr.Header().Name, name) {
			continue
		}
		r.apex = dns.CanonicalName(rr.Header().Name)
		r.answer.Negative = time.Duration(min(soa.Minttl, rr.Header().Ttl)) * time.Second
	}
}
