package dnstest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// zones are the records of a server, or of several that follow one.
type zones struct {
	mu   sync.RWMutex
	apex map[string][]dns.RR // by the name of the zone, absolute and in lower case
}

// defaultSOA stands at the apex of a zone that brings none: its absence may be
// remembered for a minute.
const defaultSOA = "@ 300 IN SOA ns1 hostmaster 1 3600 600 86400 60"

// SetZone puts a zone in the place of the one of that name, if any. The records are
// lines of a zone file (RFC 1035, section 5): names are relative to the zone unless a
// dot ends them, a missing TTL is 300 seconds, a missing SOA is added.
func (s *Server) SetZone(name string, records ...string) error {
	apex := dns.CanonicalName(name)
	set, err := parse(apex, records)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(set, func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeSOA }) {
		soa, err := parse(apex, []string{defaultSOA})
		if err != nil {
			return err
		}
		set = append(soa, set...)
	}
	s.change(func(z *zones) { z.apex[apex] = set })
	return nil
}

// DropZone forgets a zone: questions about it are refused.
func (s *Server) DropZone(name string) {
	s.change(func(z *zones) { delete(z.apex, dns.CanonicalName(name)) })
}

// Put sets records in a zone that is there, each set of one name and type in the
// place of the old one.
func (s *Server) Put(zone string, records ...string) error {
	apex := dns.CanonicalName(zone)
	set, err := parse(apex, records)
	if err != nil {
		return err
	}
	s.change(func(z *zones) {
		old, known := z.apex[apex]
		if !known {
			err = fmt.Errorf("dnstest: there is no zone %s", zone)
			return
		}
		left := slices.DeleteFunc(slices.Clone(old), func(rr dns.RR) bool {
			return slices.ContainsFunc(set, func(n dns.RR) bool { return sameSet(rr, n) })
		})
		z.apex[apex] = append(left, set...)
	})
	return err
}

// Drop removes the records of a name and a type, in whatever zone they are. The name
// is absolute, with or without a dot at the end.
func (s *Server) Drop(name, kind string) {
	s.change(func(z *zones) {
		for apex, set := range z.apex {
			z.apex[apex] = slices.DeleteFunc(slices.Clone(set), func(rr dns.RR) bool {
				return owner(rr) == dns.CanonicalName(name) && rr.Header().Rrtype == dns.StringToType[kind]
			})
		}
	})
}

// Follow makes this a secondary: it has the zones of another server, now and after
// each change, until [Server.Freeze].
func (s *Server) Follow(primary *Server) {
	primary.mu.Lock()
	same := primary.zones
	primary.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zones = same
}

// Freeze makes this a stale secondary: it keeps the zones that it has now, whatever
// becomes of those that it followed.
func (s *Server) Freeze() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zones.mu.RLock()
	defer s.zones.mu.RUnlock()
	s.zones = &zones{apex: maps.Clone(s.zones.apex)}
}

// change is made by replacing whole slices, never within one: a frozen copy shares them.
func (s *Server) change(do func(*zones)) {
	s.mu.Lock()
	z := s.zones
	s.mu.Unlock()
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.apex == nil {
		z.apex = map[string][]dns.RR{}
	}
	do(z)
}

func parse(apex string, records []string) ([]dns.RR, error) {
	parser := dns.NewZoneParser(strings.NewReader(strings.Join(records, "\n")+"\n"), apex, "")
	parser.SetDefaultTTL(300)
	var set []dns.RR
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		if !dns.IsSubDomain(apex, rr.Header().Name) {
			return nil, fmt.Errorf("dnstest: %s is not in %s", rr.Header().Name, apex)
		}
		set = append(set, rr)
	}
	if err := parser.Err(); err != nil {
		return nil, fmt.Errorf("dnstest: %w", err)
	}
	return set, nil
}

func owner(rr dns.RR) string { return dns.CanonicalName(rr.Header().Name) }

func sameSet(a, b dns.RR) bool {
	return owner(a) == owner(b) && a.Header().Rrtype == b.Header().Rrtype
}
