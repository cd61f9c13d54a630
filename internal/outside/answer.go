package outside

import (
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/openova-io/smtp-mirror/zone"
)

// ServeDNS answers one query as an authoritative server: no recursion, names of other
// zones are refused.
func (s *NameServer) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	s.mu.Lock()
	s.asked++
	mood := s.mood
	s.mu.Unlock()
	if mood == Gone || len(q.Question) != 1 {
		return
	}
	m := new(dns.Msg).SetReply(q)
	if mood == ServFail {
		m.Rcode = dns.RcodeServerFailure
	} else {
		s.answer(m, q.Question[0])
	}
	size := dns.MinMsgSize
	if edns := q.IsEdns0(); edns != nil {
		size = max(size, int(edns.UDPSize()))
		m.SetEdns0(edns.UDPSize(), false)
	}
	if w.LocalAddr().Network() == "udp" {
		m.Truncate(size)
	}
	_ = w.WriteMsg(m) // the client asks again
}

func (s *NameServer) answer(m *dns.Msg, q dns.Question) {
	name := canonical(q.Name)
	apex := s.apex(name)
	if apex == "" {
		m.Rcode = dns.RcodeRefused
		return
	}
	m.Authoritative = true
	s.mu.Lock()
	defer s.mu.Unlock()
	m.Answer = s.find(name, apex, q.Qtype)
	if len(m.Answer) > 0 {
		return
	}
	if !s.exists(name, apex) {
		m.Rcode = dns.RcodeNameError
	}
	m.Ns = []dns.RR{s.soa(apex)}
}

// apex is the zone that holds a name; "" where none does.
func (s *NameServer) apex(name string) string {
	for _, z := range s.zones {
		if name == z || strings.HasSuffix(name, "."+z) {
			return z
		}
	}
	return ""
}

// find gives the records of a name and type, lies and aliases included.
func (s *NameServer) find(name, apex string, kind uint16) []dns.RR {
	switch {
	case kind == dns.TypeSOA && name == apex:
		return []dns.RR{s.soa(apex)}
	case kind == dns.TypeNS && name == apex:
		return []dns.RR{&dns.NS{Hdr: header(apex, dns.TypeNS), Ns: "ns." + dns.Fqdn(apex)}}
	}
	records := s.sets[key{name, dns.TypeToString[kind]}]
	if kind == dns.TypeTXT && s.lie != nil {
		if values, lies := s.lie(name, valuesOf(records)); lies {
			records = nil
			for _, v := range values {
				records = append(records, zone.Record{Name: name, Type: "TXT", Value: v})
			}
		}
	}
	if len(records) == 0 {
		records = s.sets[key{name, "CNAME"}]
	}
	var all []dns.RR
	for _, r := range records {
		if made, err := rr(r); err == nil { // Publish has tried it
			all = append(all, made)
		}
	}
	return all
}

// exists tells NODATA from NXDOMAIN: names above others exist too.
func (s *NameServer) exists(name, apex string) bool {
	if name == apex {
		return true
	}
	for k := range s.sets {
		if k.name == name || strings.HasSuffix(k.name, "."+name) {
			return true
		}
	}
	return false
}

func (s *NameServer) soa(apex string) dns.RR {
	const hour = 3600
	return &dns.SOA{Hdr: header(apex, dns.TypeSOA), Ns: "ns." + dns.Fqdn(apex), Mbox: "hostmaster." + dns.Fqdn(apex),
		Serial: uint32(s.latest), Refresh: hour, Retry: hour, Expire: hour, Minttl: uint32(s.negative / time.Second)} //nolint:gosec // small
}

func header(name string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: dns.Fqdn(name), Rrtype: kind, Class: dns.ClassINET, Ttl: uint32(ttl / time.Second)}
}
