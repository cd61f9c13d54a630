package resolver

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/miekg/dns"
)

// referral is what the zone above says of a zone, until it is asked again.
type referral struct {
	hosts []string
	until time.Time
}

// parentsAsked is how many servers of the zone above are asked, at once: they say the
// same, and any of them may not be reached from here.
const parentsAsked = 3

// delegation are the name servers that the zone above refers to, which a registrar may
// have left as they were long ago; resolvers follow it. It is no error where nobody can
// be asked, as in a closed network, and costs a short time-out then, once in a while.
func (r *Resolver) delegation(ctx context.Context, zone string) []string {
	r.mu.Lock()
	known, found := r.told[zone]
	r.mu.Unlock()
	if found && time.Now().Before(known.until) {
		return known.hosts
	}
	limited, cancel := context.WithTimeout(ctx, 2*r.config.Timeout)
	defer cancel()
	hosts := r.askAbove(limited, zone)
	if ctx.Err() == nil {
		r.mu.Lock()
		maps.DeleteFunc(r.told, func(_ string, old referral) bool { return !time.Now().Before(old.until) })
		r.told[zone] = referral{hosts, time.Now().Add(longest)}
		r.mu.Unlock()
	}
	return hosts
}

// askAbove asks servers of the zone above for the name servers of a zone. The recursive
// server finds them; a zone that high is there.
func (r *Resolver) askAbove(ctx context.Context, zone string) []string {
	soa, err := r.recurse(ctx, dns.Question{Name: parent(zone), Qtype: dns.TypeSOA, Qclass: dns.ClassINET})
	if err != nil || soa.apex == "" {
		return nil
	}
	ns, err := r.recurse(ctx, dns.Question{Name: soa.apex, Qtype: dns.TypeNS, Qclass: dns.ClassINET})
	if err != nil {
		return nil
	}
	servers := once(r.addresses(ctx, ns.hosts[:min(len(ns.hosts), parentsAsked)]))
	servers = slices.DeleteFunc(servers, func(s server) bool { return s.address == "" })
	above := cut{zone: soa.apex, servers: servers[:min(len(servers), parentsAsked)]}
	var hosts []string
	for _, one := range r.askAll(ctx, above, dns.Question{Name: zone, Qtype: dns.TypeNS, Qclass: dns.ClassINET}) {
		if one.referred == zone {
			hosts = append(hosts, one.hosts...)
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}
