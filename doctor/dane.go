package doctor

import (
	"context"
	"errors"
	"slices"

	"github.com/openova-io/smtp-mirror/zone"
)

// displayed looks at port 25, and where that cannot be seen from here at a submission
// port: it is one server.
func (e *Env) displayed(ctx context.Context) display {
	all := slices.Clone(e.Endpoints)
	slices.SortStableFunc(all, func(a, b Endpoint) int { return order(a) - order(b) })
	d := display{err: errors.New("nobody is known who shows it")}
	for _, p := range all {
		s, err := p.served(ctx, e, e.MailHost)
		switch {
		case err != nil:
		case s.err == nil && len(s.chain) > 0:
			return display{where: s.request.Address, chain: s.chain}
		case p.MX && s.err != nil:
			d.err = s.err
		}
		if errors.Is(d.err, errNoTLS) {
			return d
		}
	}
	return d
}

func order(p Endpoint) int {
	if p.MX {
		return 0
	}
	return 1
}

// dane compares the keys that senders know the mail host by with the one that it shows.
func (e *Env) dane(ctx context.Context) []Finding {
	answers, err := e.answers(ctx, zone.DaneName(e.MailHost), "TLSA")
	if err != nil {
		return []Finding{could("DANE of "+e.MailHost, "the key that is served, or none", err, todoDNS)}
	}
	if !slices.ContainsFunc(answers, func(a zone.Answer) bool { return answered(a) && len(a.Values) > 0 }) {
		return unanswered(e.MailHost, answers)
	}
	return []Finding{judgeDANE(e.MailHost, answers, e.displayed(ctx))}
}

// unanswered is nothing where some server has said that there is no record.
func unanswered(host string, answers []zone.Answer) []Finding {
	if slices.ContainsFunc(answers, answered) {
		return nil
	}
	return []Finding{unknown("DANE of "+host, "the key that is served, or none", "no name server answers", todoDNS)}
}
