package resolver

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/miekg/dns"

	"github.com/openova-io/smtp-mirror/zone"
)

// Answers asks every authoritative server of the zone that holds a name, which is the
// domain or below it, and gives one answer for each, in a stable order. A server that
// does not answer is no error but a Problem. [ErrNoServers] means that they were not
// found, [ErrName] that the question is none.
func (r *Resolver) Answers(ctx context.Context, domain, name, kind string) ([]zone.Answer, error) {
	q, err := question(name, kind)
	if err != nil {
		return nil, err
	}
	at := dns.CanonicalName(domain)
	if domain == "" || !dns.IsSubDomain(at, q.Name) {
		return nil, fmt.Errorf("%w: %q is not in %q", ErrName, name, domain)
	}
	return r.answers(ctx, at, q, 0)
}

// answers goes down from zone to zone until the servers answer themselves. domain is
// "" for the target of a CNAME.
func (r *Resolver) answers(ctx context.Context, domain string, q dns.Question, depth int) ([]zone.Answer, error) {
	at, err := r.begin(ctx, domain, q.Name)
	if err != nil {
		return nil, err
	}
	for range maxChain {
		replies := r.askAll(ctx, at, q)
		r.place(ctx, at, q, replies)
		below, hosts := lower(at, replies)
		switch {
		case at.guess && !slices.ContainsFunc(replies, func(one reply) bool { return !one.foreign }):
			at, err = r.find(ctx, q.Name)
		case below != "":
			at, err = r.cutAt(ctx, below, hosts, insisting(replies, below)...)
		default:
			return r.follow(ctx, q, replies, depth), nil
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w: too many zones below each other", ErrNoServers)
}

// askAll asks all servers of a zone at once, as far as there are slots.
func (r *Resolver) askAll(ctx context.Context, at cut, q dns.Question) []reply {
	replies := make([]reply, len(at.servers))
	var all sync.WaitGroup
	for i, s := range at.servers {
		if s.address == "" {
			replies[i].answer = zone.Answer{Server: plain(s.host), Problem: "its address could not be looked up"}
			continue
		}
		all.Go(func() { replies[i] = r.ask(ctx, s.address, q, at.zone, true) })
	}
	all.Wait()
	return reachable(at.servers, replies)
}

// follow gives the answers; one that leads out of the zone by a CNAME becomes what the
// servers of the target say together.
func (r *Resolver) follow(ctx context.Context, q dns.Question, replies []reply, depth int) []zone.Answer {
	answers := make([]zone.Answer, 0, len(replies))
	targets := map[string]zone.Answer{}
	for _, one := range replies {
		answer := one.answer
		if target := one.elsewhere; target != "" {
			end, known := targets[target]
			if !known {
				end = r.end(ctx, target, q, depth+1)
				targets[target] = end
			}
			answer = end
			answer.Server = one.answer.Server
		}
		answers = append(answers, answer)
	}
	return answers
}

// end is what the authoritative servers of a CNAME's target say: they too are asked
// instead of a recursive server, because the target may not be published yet.
func (r *Resolver) end(ctx context.Context, target string, q dns.Question, depth int) zone.Answer {
	if depth > maxChain {
		return zone.Answer{Problem: "its CNAMEs have no end"}
	}
	q.Name = target
	answers, err := r.answers(ctx, "", q, depth)
	if err != nil {
		return zone.Answer{Problem: "the name servers of its CNAME's target were not found"}
	}
	return together(answers)
}
