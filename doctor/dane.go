package doctor

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/openova-io/smtp-mirror/zone"
)

// display is what the mail host shows to those who send to us.
type display struct {
	where string              // for people
	chain []*x509.Certificate // nil where nothing could be seen
	err   error               // what port 25 says instead; errNoTLS: it shows none to anybody
}

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

// judgeDANE says whether senders that know keys of the mail host (RFC 7672) meet one of
// them. They may get the set of any server.
func judgeDANE(host string, answers []zone.Answer, d display) Finding {
	f := Finding{Object: "DANE of " + host, Verdict: OK, Want: "the key that is served among the TLSA records"}
	switch {
	case errors.Is(d.err, errNoTLS):
		f.Verdict, f.Got, f.Todo = Wrong, told(d.err), "let Stalwart offer STARTTLS on port 25, or take the TLSA records back: senders that look them up deliver nothing in the clear"
		return f
	case d.chain == nil:
		return could(f.Object, f.Want, d.err, "see whether port 25 of "+host+" can be reached from here: a key that none of the records names stops mail")
	}
	f.Want = zone.DanePrefix + zone.SPKIHash(d.chain[0]) + ", which " + d.where + " shows"
	f.Got = "the key that is served is there"
	for _, a := range answers {
		if !answered(a) || len(a.Values) == 0 {
			continue
		}
		switch usable, matches := danes(a.Values, d.chain); {
		case !usable && f.Verdict == OK:
			f.Verdict, f.Got, f.Todo = Warning, listed(a.Values)+", at "+shown(a.Server), "publish a record of usage 3: senders can use no other (RFC 7672, section 3.1)"
		case usable && !matches:
			f.Verdict, f.Got = Wrong, listed(a.Values)+", at "+shown(a.Server)
			f.Todo = fmt.Sprintf("publish %s TLSA %s%s beside the others now: senders that look the keys up deliver nothing to another one", zone.DaneName(host), zone.DanePrefix, zone.SPKIHash(d.chain[0]))
			return f
		}
	}
	return f
}

// danes reports whether there are records that senders can use, and whether one of them
// names what is shown: the key or certificate of the server itself (usage 3), or of an
// authority in its chain (usage 2).
func danes(values []string, chain []*x509.Certificate) (usable, matches bool) {
	for _, v := range values {
		rr, err := zone.Record{Name: "x", Type: "TLSA", Value: v}.RR()
		tlsa, is := rr.(*dns.TLSA)
		if err != nil || !is || tlsa.Usage != 2 && tlsa.Usage != 3 {
			continue
		}
		tlsa.Certificate = strings.ToLower(tlsa.Certificate)
		candidates := chain[:1]
		if tlsa.Usage == 2 {
			candidates = chain[1:]
		}
		usable = true
		matches = matches || slices.ContainsFunc(candidates, func(c *x509.Certificate) bool { return tlsa.Verify(c) == nil })
	}
	return usable, matches
}
