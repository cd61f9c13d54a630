package resolver

import (
	"context"
	"fmt"

	"github.com/miekg/dns"
)

// Found is what the recursive server says about a name and a type.
type Found struct {
	Code      string   // "NOERROR" or "NXDOMAIN"
	Values    []string // in the form of zone.Record.Value
	Authentic bool     // AD: the server validated it with DNSSEC. As far to be trusted as the way to that server
}

// Lookup asks the recursive server about what is meant to be there already: the
// addresses of a host, the name of an address (dns.ReverseAddr), MX. A name that is
// not there is no error but a Code; every other end without values to trust is
// [ErrNoAnswer]. Never ask it about a record that may not be published yet: it would
// remember its absence for others too.
func (r *Resolver) Lookup(ctx context.Context, name, kind string) (Found, error) {
	q, err := question(name, kind)
	if err != nil {
		return Found{}, err
	}
	got, err := r.recurse(ctx, q)
	return Found{Code: got.answer.Code, Values: got.answer.Values, Authentic: got.authentic}, err
}

// recurse asks the recursive servers, each in turn until one answers.
func (r *Resolver) recurse(ctx context.Context, q dns.Question) (reply, error) {
	servers, err := r.recursives()
	if err != nil {
		return reply{}, err
	}
	problem := "none is configured"
	for _, at := range servers {
		got := r.ask(ctx, at, q, ".", false)
		if got.answer.Problem == "" {
			return got, nil
		}
		problem = at + ": " + got.answer.Problem
	}
	return reply{}, fmt.Errorf("%w: %s", ErrNoAnswer, problem)
}
