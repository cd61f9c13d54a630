package dnstest

import (
	"github.com/miekg/dns"
)

// answer is what an honest authoritative server says to a request.
func (z *zones) answer(r *dns.Msg) *dns.Msg {
	z.mu.RLock()
	defer z.mu.RUnlock()
	m := new(dns.Msg).SetReply(r)
	m.RecursionAvailable = false
	name := dns.CanonicalName(r.Question[0].Name)
	for range 8 { // CNAMEs, no more than a resolver would follow
		apex := z.holding(name)
		if apex == "" {
			if len(m.Answer) == 0 {
				m.Rcode = dns.RcodeRefused
			}
			return m
		}
		target, more := z.within(m, apex, name, r.Question[0].Qtype)
		if !more {
			return m
		}
		name = target
	}
	return m
}

// within answers from one zone; more is true where a CNAME leads on.
func (z *zones) within(m *dns.Msg, apex, name string, kind uint16) (target string, more bool) {
	if cut := z.cut(apex, name); cut != "" {
		m.Ns = z.rrset(apex, cut, dns.TypeNS)
		for _, rr := range m.Ns {
			host := dns.CanonicalName(rr.(*dns.NS).Ns)
			m.Extra = append(m.Extra, append(z.rrset(apex, host, dns.TypeA), z.rrset(apex, host, dns.TypeAAAA)...)...)
		}
		return "", false
	}
	m.Authoritative = true
	if cname := z.rrset(apex, name, dns.TypeCNAME); len(cname) > 0 && kind != dns.TypeCNAME {
		m.Answer = append(m.Answer, cname...)
		return dns.CanonicalName(cname[0].(*dns.CNAME).Target), true
	}
	if set := z.rrset(apex, name, kind); len(set) > 0 {
		m.Answer = append(m.Answer, set...)
		return "", false
	}
	m.Ns = z.rrset(apex, apex, dns.TypeSOA)
	if !z.exists(apex, name) {
		m.Rcode = dns.RcodeNameError
	}
	return "", false
}

// holding is the longest zone that a name is in, or "".
func (z *zones) holding(name string) string {
	longest := ""
	for apex := range z.apex {
		if dns.IsSubDomain(apex, name) && len(apex) > len(longest) {
			longest = apex
		}
	}
	return longest
}

// cut is the highest delegation at or above a name, below the apex, or "".
func (z *zones) cut(apex, name string) string {
	highest := ""
	for _, rr := range z.apex[apex] {
		at := owner(rr)
		if rr.Header().Rrtype == dns.TypeNS && at != apex && dns.IsSubDomain(at, name) && (highest == "" || len(at) < len(highest)) {
			highest = at
		}
	}
	return highest
}

// rrset is a copy: a lie may change what it is given.
func (z *zones) rrset(apex, name string, kind uint16) []dns.RR {
	var set []dns.RR
	for _, rr := range z.apex[apex] {
		if owner(rr) == name && (rr.Header().Rrtype == kind || kind == dns.TypeANY) {
			set = append(set, dns.Copy(rr))
		}
	}
	return set
}

// exists is true for names with records, and for those above them (RFC 8020).
func (z *zones) exists(apex, name string) bool {
	for _, rr := range z.apex[apex] {
		if dns.IsSubDomain(name, owner(rr)) {
			return true
		}
	}
	return false
}

// recurse is what a recursive server without a cache says: it asks those servers that
// hold the longest zone, each in turn until one gives an answer.
func recurse(servers []*Server, q Query, r *dns.Msg) *dns.Msg {
	reply := new(dns.Msg).SetReply(r)
	ask := r.Copy()
	for range 8 { // CNAMEs
		m := first(servers, q, ask)
		if m == nil {
			reply.Rcode = dns.RcodeServerFailure
			break
		}
		reply.Rcode, reply.Ns = m.Rcode, m.Ns
		reply.Answer = append(reply.Answer, m.Answer...)
		if len(m.Answer) == 0 {
			break
		}
		last, isCNAME := m.Answer[len(m.Answer)-1].(*dns.CNAME)
		if !isCNAME || ask.Question[0].Qtype == dns.TypeCNAME {
			break
		}
		ask.Question[0].Name = last.Target
	}
	reply.RecursionAvailable = true
	return reply
}

func first(servers []*Server, q Query, ask *dns.Msg) *dns.Msg {
	name := dns.CanonicalName(ask.Question[0].Name)
	q.Name, q.Network, q.Recursion = plain(name), "tcp", false
	longest := ""
	for _, s := range servers {
		if apex := s.holding(name); len(apex) > len(longest) {
			longest = apex
		}
	}
	for _, s := range servers {
		if longest == "" || s.holding(name) != longest {
			continue
		}
		if m := s.reply(q, ask); m != nil && m.Authoritative && (m.Rcode == dns.RcodeSuccess || m.Rcode == dns.RcodeNameError) {
			return m
		}
	}
	return nil
}

func (s *Server) holding(name string) string {
	s.mu.Lock()
	z := s.zones
	s.mu.Unlock()
	z.mu.RLock()
	defer z.mu.RUnlock()
	return z.holding(name)
}
