package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/emersion/go-smtp"

	"github.com/openova-io/smtp-mirror/smtpprobe"
)

// heloName is what we call ourselves (RFC 5321, section 4.1.4).
const heloName = "[127.0.0.1]"

// checkTLS looks at every certificate that is served to those who send through us and
// to us.
func checkTLS(ctx context.Context, e *Env) []Finding {
	return each(e.Endpoints, width, func(p Endpoint) []Finding { return []Finding{p.look(ctx, e)} })
}

func (p Endpoint) look(ctx context.Context, e *Env) Finding {
	want := "a trusted certificate for " + e.MailHost
	r, err := p.Target(ctx)
	if err != nil {
		return could(p.Name, want, err, "see that the SOURCE can be read, names host and port, and that probe.caFile is there")
	}
	object := p.Name + " " + r.Address
	dial := func(ctx context.Context, address string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", address) //nolint:wrapcheck // it is told in other words
	}
	if p.MX {
		dial = e.dial
	}
	chain, err := handshake(ctx, dial, r)
	switch {
	case err == nil:
		return judgeCertificate(object, client{host: r.ServerName, roots: []*x509.CertPool{r.Roots}, trusting: r.NoVerify, lenient: p.MX}, chain, e.Now())
	case errors.Is(err, errNoTLS), errors.Is(err, syscall.ECONNREFUSED):
		return p.refused(object, want, err)
	}
	return could(object, want, err, "see whether "+r.Address+" can be reached from here")
}

// refused is an answer, if no welcome one: nobody listens, or not with TLS.
func (p Endpoint) refused(object, want string, err error) Finding {
	f := Finding{Object: object, Verdict: Wrong, Want: want, Got: told(err), Todo: "see that Stalwart listens there, with TLS: consumers cannot log in"}
	if errors.Is(err, syscall.ECONNREFUSED) {
		f.Got = "connection refused"
	}
	if p.MX {
		f.Verdict, f.Todo = Warning, "bounces do not come in, or in the clear; see that Stalwart listens on port 25 where the MX leads"
	}
	return f
}

var errNoTLS = errors.New("no TLS")

// handshake gives the chain that is served. Nothing is verified yet, because a chain
// that does not verify is what a person wants to see; nothing secret is sent.
func handshake(ctx context.Context, dial func(context.Context, string) (net.Conn, error), r smtpprobe.Request) ([]*x509.Certificate, error) {
	conn, err := dial(ctx, r.Address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	config := &tls.Config{ServerName: r.ServerName, InsecureSkipVerify: true, MinVersion: tls.VersionTLS12} //nolint:gosec // judged afterwards
	if r.ImplicitTLS {
		secure := tls.Client(conn, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, failed(ctx, err)
		}
		return secure.ConnectionState().PeerCertificates, nil
	}
	client, err := smtp.NewClientStartTLS(conn, config)
	if err == nil {
		err = client.Hello(heloName) // the handshake happens with the first command
	}
	if err != nil {
		return nil, failed(ctx, err)
	}
	state, ok := client.TLSConnectionState()
	_ = client.Quit() // it has told what was asked
	if !ok {
		return nil, errNoTLS
	}
	return state.PeerCertificates, nil
}

// failed tells time that ran out from a server that does not want TLS.
func failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err() //nolint:wrapcheck // it is told in other words
	}
	var reply *smtp.SMTPError
	if errors.As(err, &reply) {
		return fmt.Errorf("%w: it answers %d", errNoTLS, reply.Code)
	}
	return fmt.Errorf("%w: %s", errNoTLS, told(err))
}
