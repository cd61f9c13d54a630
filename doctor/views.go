package doctor

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/openova-io/smtp-mirror/zone"
)

// view is the DNS as one authoritative server of ours gives it: a receiver may get to
// any of them, and one of them may be stale.
type view struct {
	env    *Env
	server string // "" = whichever answers first
}

// views are those of every server that answers about a name. Of one that does not a
// receiver asks the others, too.
func (e *Env) views(ctx context.Context, name, kind string) []view {
	answers, _ := e.answers(ctx, name, kind) // who fails here fails again where it is asked for
	var all []view
	for _, a := range answers {
		if answered(a) {
			all = append(all, view{e, a.Server})
		}
	}
	if len(all) == 0 {
		return []view{{env: e}}
	}
	return all
}

// everywhere judges what each of our servers says about a name, and gives the worst of
// it.
func (e *Env) everywhere(ctx context.Context, name, kind string, look func(v view) []Finding) []Finding {
	all := e.views(ctx, name, kind)
	found := make([][]Finding, len(all))
	for i, v := range all {
		found[i] = look(v)
	}
	return worst(all, found)
}

func answered(a zone.Answer) bool {
	return a.Problem == "" && (a.Code == "NOERROR" || a.Code == "NXDOMAIN")
}

// answers are those of every authoritative server of what is ours: a recursive one
// would remember that it is not there, also when it has been published (RFC 2308), and
// tell receivers so. What is somebody else's, as the name of an address, is asked for
// as every receiver does.
func (e *Env) answers(ctx context.Context, name, kind string) ([]zone.Answer, error) {
	name = strings.ToLower(name)
	share := e.share // of this run, also for who is late
	return share.names.get(ctx, name+" "+kind, func() ([]zone.Answer, error) {
		if name == e.Domain || strings.HasSuffix(name, "."+e.Domain) {
			return e.DNS.Answers(share.ctx, e.Domain, name, kind) //nolint:wrapcheck // one question, one answer
		}
		values, err := e.DNS.Lookup(share.ctx, name, kind)
		if err != nil {
			return nil, err //nolint:wrapcheck // one question, one answer
		}
		return []zone.Answer{{Server: "the recursive server", Code: "NOERROR", Values: values}}, nil
	})
}

// lookup asks as a receiver would, who turns to another server where one fails.
func (v view) lookup(ctx context.Context, name, kind string) ([]string, error) {
	answers, err := v.env.answers(ctx, name, kind)
	if err != nil {
		return nil, err
	}
	var first *zone.Answer
	problem := "no name server was asked"
	for _, a := range answers {
		switch {
		case !answered(a):
			problem = a.Server + ": " + cmp.Or(a.Problem, a.Code)
		case a.Server == v.server:
			return a.Values, nil
		case first == nil:
			first = &a
		}
	}
	if first == nil {
		return nil, errors.New(problem)
	}
	return first.Values, nil
}

// lookup asks where it does not matter which server answers: what all of them must say
// is judged with the records.
func (e *Env) lookup(ctx context.Context, name, kind string) ([]string, error) {
	return view{env: e}.lookup(ctx, name, kind)
}
