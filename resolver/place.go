package resolver

import (
	"context"
	"sync"

	"github.com/miekg/dns"
)

// place learns which zone each answer comes from. A server that holds a zone and the
// one below it answers out of the lower one without a word about it (RFC 1034, section
// 4.3.2), so that the other servers of that one would never be heard of. A denial
// names its zone; beside values nothing does, and the SOA is asked for.
func (r *Resolver) place(ctx context.Context, at cut, q dns.Question, replies []reply) {
	if at.told {
		return
	}
	var all sync.WaitGroup
	for i := range replies {
		if one := &replies[i]; one.answer.Problem == "" {
			all.Go(func() { r.placeOne(ctx, at, q, one) })
		}
	}
	all.Wait()
}

func (r *Resolver) placeOne(ctx context.Context, at cut, q dns.Question, one *reply) {
	server := one.answer.Server
	if one.apex == "" && one.elsewhere == "" {
		one.apex = r.apexOf(ctx, server, one.end, at)
	}
	if one.end == q.Name {
		return
	}
	// A CNAME is never at an apex: its zone is that of the name above it.
	end := one.apex
	one.apex = r.apexOf(ctx, server, parent(q.Name), at)
	if one.elsewhere == "" && end != one.apex {
		one.elsewhere = one.end // the servers of its own zone are asked
	}
}

// apexOf is the zone out of which a server answers about a name, "" where it does not
// say so.
func (r *Resolver) apexOf(ctx context.Context, server, name string, at cut) string {
	if !dns.IsSubDomain(at.zone, name) {
		return ""
	}
	got := r.ask(ctx, server, dns.Question{Name: name, Qtype: dns.TypeSOA, Qclass: dns.ClassINET}, at.zone, true)
	if got.answer.Problem != "" || got.end != name {
		return ""
	}
	return got.apex
}

// parent is a name without its first label.
func parent(name string) string {
	next, end := dns.NextLabel(name, 0)
	if end {
		return "."
	}
	return name[next:]
}
