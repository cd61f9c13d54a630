package doctor

import (
	"context"
	"crypto/x509"
	"errors"
	"syscall"

	"github.com/openova-io/smtp-mirror/watcher"
)

// checkTLS looks at every certificate that is served to those who send through us and
// to us, and at the one that was issued for that.
func checkTLS(ctx context.Context, e *Env) []Finding {
	found := each(e.Endpoints, width, func(p Endpoint) []Finding { return p.look(ctx, e) })
	if e.Issued == nil {
		return found
	}
	return append(found, e.Issued.look(ctx, e))
}

func (c Certificate) look(ctx context.Context, e *Env) Finding {
	want := "a certificate for " + e.MailHost + ", which is served"
	leaf, err := c.Read(ctx)
	var bad *watcher.HoldError
	switch {
	case errors.As(err, &bad):
		return Finding{Object: c.Name, Verdict: Wrong, Want: want, Got: told(err), Todo: "have it issued again, as by cert-manager: what is served now ends some day, and is lost with Stalwart's volume"}
	case err != nil:
		return could(c.Name, want, err, "see that it can be read from here: run doctor where the controller runs")
	}
	return judgeIssued(c.Name, want, leaf, e.displayed(ctx), e.Now())
}

// look judges what consumers see, and what everybody else does, who knows the mail host
// by the name in the DNS.
func (p Endpoint) look(ctx context.Context, e *Env) []Finding {
	s, err := p.served(ctx, e, "")
	if err != nil {
		return []Finding{could(p.Name, "a trusted certificate for "+e.MailHost, err, "see that the SOURCE can be read, names host and port, and that probe.caFile is there")}
	}
	object := p.Name + " " + s.request.Address
	found := []Finding{p.judge(object, s, e)}
	if s.err != nil || s.request.ServerName == e.MailHost {
		return found
	}
	if s, err = p.served(ctx, e, e.MailHost); err != nil {
		return found
	}
	return append(found, p.judge(object+" for "+e.MailHost, s, e))
}

// judge says what it means that an endpoint shows this.
func (p Endpoint) judge(object string, s served, e *Env) Finding {
	want := "a trusted certificate for " + s.request.ServerName
	switch {
	case s.err == nil:
		who := client{host: s.request.ServerName, roots: []*x509.CertPool{s.request.Roots}, trusting: s.request.NoVerify, lenient: p.MX && !e.Enforced}
		if who.host == e.MailHost {
			who.roots = append(who.roots, nil) // those of everybody
		}
		return judgeCertificate(object, who, s.chain, e.Now())
	case errors.Is(s.err, errPassing):
		return could(object, want, s.err, "run doctor again: it starts, or does not take so many connections")
	case errors.Is(s.err, errNoTLS), errors.Is(s.err, syscall.ECONNREFUSED):
		return p.refused(object, want, s.err, e.Enforced)
	}
	return could(object, want, s.err, "see whether "+s.request.Address+" can be reached from here")
}

// refused is an answer, if no welcome one: nobody listens, or not with TLS.
func (p Endpoint) refused(object, want string, err error, enforced bool) Finding {
	f := Finding{Object: object, Verdict: Wrong, Want: want, Got: told(err), Todo: "see that Stalwart listens there, with TLS: consumers cannot log in"}
	refused := errors.Is(err, syscall.ECONNREFUSED)
	if refused {
		f.Got = "connection refused"
	}
	if !p.MX {
		return f
	}
	f.Todo = "bounces do not come in, or in the clear; see that Stalwart listens on port 25 where the MX leads"
	if refused || !enforced {
		f.Verdict = Warning
	}
	return f
}
