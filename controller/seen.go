package controller

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/openova-io/smtp-mirror/resolver"
	"github.com/openova-io/smtp-mirror/zone"
)

// addressesSeen asks the authoritative servers of the domain for the addresses of a
// host in it. Not a recursive one: the addresses may be just on their way into the DNS,
// and it would remember their absence for everybody.
func addressesSeen(r *resolver.Resolver, domain string) func(ctx context.Context, host string) ([]netip.Addr, error) {
	return func(ctx context.Context, host string) ([]netip.Addr, error) {
		var all []netip.Addr
		for _, kind := range []string{"A", "AAAA"} {
			answers, err := r.Answers(ctx, domain, host, kind)
			if err != nil {
				return nil, err
			}
			agreed, err := agreedAddresses(answers)
			if err != nil {
				return nil, err
			}
			all = append(all, agreed...)
		}
		return all, nil
	}
}

// unagreed says that a server could not be asked, so that nothing is known for sure.
type unagreed struct{ server, problem string }

func (e *unagreed) Error() string { return e.server + ": " + e.problem }

// agreedAddresses are those that every server answers with.
func agreedAddresses(answers []zone.Answer) ([]netip.Addr, error) {
	var agreed []string
	for i, a := range answers {
		if a.Problem != "" {
			return nil, &unagreed{a.Server, a.Problem}
		}
		if i == 0 {
			agreed = slices.Clone(a.Values)
		}
		agreed = slices.DeleteFunc(agreed, func(v string) bool { return !slices.Contains(a.Values, v) })
	}
	all := make([]netip.Addr, 0, len(agreed))
	for _, v := range agreed {
		a, err := netip.ParseAddr(v)
		if err != nil {
			return nil, fmt.Errorf("an address that is none: %w", err)
		}
		all = append(all, a)
	}
	return all, nil
}

// nameSeen asks the authoritative servers of an address for its name. The zone is the
// provider's, and often cannot be walked down to from inside a network: then the
// recursive server is asked.
func nameSeen(r *resolver.Resolver) func(ctx context.Context, name string) []zone.Answer {
	return func(ctx context.Context, name string) []zone.Answer {
		answers, err := r.Answers(ctx, name, name, "PTR")
		if err == nil && slices.ContainsFunc(answers, func(a zone.Answer) bool { return a.Problem == "" }) {
			return answers
		}
		found, err := r.Lookup(ctx, strings.TrimSuffix(name, "."), "PTR")
		a := zone.Answer{Server: "the recursive server", Code: found.Code, Values: found.Values}
		if err != nil {
			a.Problem = err.Error()
		}
		return []zone.Answer{a}
	}
}
