package resolver

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// cut is a zone and all addresses of its authoritative servers.
type cut struct {
	zone    string // absolute, lower case
	servers []server
	until   time.Time // when it is looked for again
	told    bool      // the servers are configured
	guess   bool      // and may not hold what is asked
}

// server is one address of a name server.
type server struct {
	host    string // the name that an NS record gives; "" where the address is configured
	address string // host:port; "" where the addresses could not be looked up
}

// How long the servers of a zone are remembered, whatever the TTL of the NS records.
const (
	shortest = 30 * time.Second
	longest  = 5 * time.Minute
)

// begin is the zone to ask first. Configured servers are those of the domain. An
// address's zone and the target of a CNAME (domain "") may be elsewhere: they are asked
// of the same servers, and of others where those do not hold it.
func (r *Resolver) begin(ctx context.Context, domain, name string) (cut, error) {
	if len(r.config.Servers) == 0 {
		return r.find(ctx, name)
	}
	c := cut{zone: domain, told: true}
	if domain == "" || dns.IsSubDomain("arpa.", name) {
		c = cut{zone: ".", told: true, guess: true}
	}
	for _, s := range r.config.Servers {
		c.servers = append(c.servers, server{address: s})
	}
	return c, nil
}

// find is the lowest zone known that holds a name.
func (r *Resolver) find(ctx context.Context, name string) (cut, error) {
	if c, known := r.remembered(name); known {
		return c, nil
	}
	top := lastTwo(name)
	got, err := r.recurse(ctx, dns.Question{Name: top, Qtype: dns.TypeSOA, Qclass: dns.ClassINET})
	if err != nil {
		return cut{}, fmt.Errorf("%w: %w", ErrNoServers, err)
	}
	if got.apex == "" || got.apex == "." {
		return cut{}, fmt.Errorf("%w: the recursive server knows no zone %s", ErrNoServers, plain(top))
	}
	return r.cutAt(ctx, got.apex, r.delegation(ctx, got.apex))
}

// remembered is the lowest zone known that a name is in.
func (r *Resolver) remembered(name string) (cut, bool) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	lowest := cut{}
	for at, c := range r.cuts {
		if !now.Before(c.until) {
			delete(r.cuts, at)
			continue
		}
		if dns.IsSubDomain(at, name) && len(at) > len(lowest.zone) {
			lowest = c
		}
	}
	return lowest, lowest.zone != ""
}

// lastTwo are the labels that are there whenever anything below them is: those of a
// registered domain, or of a registry.
func lastTwo(name string) string {
	at, start := dns.PrevLabel(name, 2)
	if start {
		return name
	}
	return name[at:]
}

// plain is a name in lower case, without the dot at the end.
func plain(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }

// cutAt finds the servers of a zone that exists: those that its own NS records name,
// and those that the zone above refers to, because a resolver may ask either; and
// whoever else answers for it.
func (r *Resolver) cutAt(ctx context.Context, at string, referred []string, more ...server) (cut, error) {
	got, err := r.recurse(ctx, dns.Question{Name: at, Qtype: dns.TypeNS, Qclass: dns.ClassINET})
	if err != nil && len(referred) == 0 {
		return cut{}, fmt.Errorf("%w: %w", ErrNoServers, err)
	}
	hosts := append(slices.Clone(referred), got.hosts...)
	slices.Sort(hosts)
	c := cut{zone: at, servers: once(append(r.addresses(ctx, slices.Compact(hosts)), more...)), until: time.Now().Add(min(max(got.ttl, shortest), longest))}
	if len(c.servers) == 0 {
		return cut{}, fmt.Errorf("%w: no address of the name servers of %s", ErrNoServers, plain(at))
	}
	if !slices.ContainsFunc(c.servers, func(s server) bool { return s.address == "" }) {
		r.mu.Lock()
		r.cuts[at] = c
		r.mu.Unlock()
	}
	return c, nil
}

// addresses are those of all hosts.
func (r *Resolver) addresses(ctx context.Context, hosts []string) []server {
	found := make([][]server, 2*len(hosts))
	var all sync.WaitGroup
	for i, host := range hosts {
		for j, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
			all.Go(func() { found[2*i+j] = r.addressesOf(ctx, host, kind) })
		}
	}
	all.Wait()
	return slices.Concat(found...)
}

// once is each server once.
func once(all []server) []server {
	var servers []server
	for _, s := range all {
		if !slices.ContainsFunc(servers, func(o server) bool { return o.address == s.address && (s.address != "" || o.host == s.host) }) {
			servers = append(servers, s)
		}
	}
	return servers
}

// addressesOf is nothing for a host that has no address of that family: nobody can be
// told anything by it. One that could not be looked up stays, as a server of which
// nothing is known.
func (r *Resolver) addressesOf(ctx context.Context, host string, kind uint16) []server {
	got, err := r.recurse(ctx, dns.Question{Name: host, Qtype: kind, Qclass: dns.ClassINET})
	if err != nil {
		return []server{{host: host}}
	}
	var servers []server
	for _, ip := range got.answer.Values {
		servers = append(servers, server{host: host, address: net.JoinHostPort(ip, "53")})
	}
	return servers
}
