package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/openova-io/smtp-mirror/smtpprobe"
)

// heloName is what we call ourselves (RFC 5321, section 4.1.4).
const heloName = "[127.0.0.1]"

// shakeTimeout is for one connection: where port 25 is silent, there is time left to
// look elsewhere.
const shakeTimeout = 4 * time.Second

// What else a connection may come to.
var (
	errNoTLS   = errors.New("no TLS")
	errPassing = errors.New("not now") // the server starts, or throttles us: it says nothing about TLS
)

// served is what an endpoint shows to a client that asks for a name.
type served struct {
	request smtpprobe.Request
	chain   []*x509.Certificate
	err     error // why nothing is shown
}

// served connects once in a run; an error says that nobody knows where to. name "" is
// the one that consumers dial.
func (p Endpoint) served(ctx context.Context, e *Env, name string) (served, error) {
	r, err := p.Target(ctx)
	if err != nil {
		return served{}, err
	}
	if name != "" {
		r.ServerName = name
	}
	key := fmt.Sprintf("%s %s %t %t", r.Address, r.ServerName, r.ImplicitTLS, p.MX)
	share := e.share // of this run, also for who is late
	chain, err := share.chains.get(ctx, key, func() ([]*x509.Certificate, error) { return p.connect(share.ctx, e, r) })
	return served{r, chain, err}, nil
}

// connect tries once more where the first try came to nothing.
func (p Endpoint) connect(ctx context.Context, e *Env, r smtpprobe.Request) ([]*x509.Certificate, error) {
	dial := func(ctx context.Context, address string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", address) //nolint:wrapcheck // it is told in other words
	}
	if p.MX {
		dial = e.dial
	}
	for last := false; ; last = true {
		if err := e.share.door.enter(ctx); err != nil {
			return nil, err
		}
		chain, err := handshake(ctx, dial, r)
		passing := errors.Is(err, errPassing) || errors.Is(err, syscall.ECONNREFUSED)
		if !passing || last || pause(ctx, again) != nil {
			return chain, err
		}
	}
}

// handshake gives the chain that is served. Nothing is verified yet, because a chain
// that does not verify is what a person wants to see; nothing secret is sent.
func handshake(ctx context.Context, dial func(context.Context, string) (net.Conn, error), r smtpprobe.Request) ([]*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, shakeTimeout)
	defer cancel()
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

// failed tells time that ran out, and a server that has none for us now, from one that
// does not want TLS.
func failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err() //nolint:wrapcheck // it is told in other words
	}
	var reply *smtp.SMTPError
	switch {
	case errors.As(err, &reply) && reply.Code < 500:
		return fmt.Errorf("%w: it answers %d", errPassing, reply.Code)
	case errors.As(err, &reply):
		return fmt.Errorf("%w: it answers %d", errNoTLS, reply.Code)
	case closed(err):
		return fmt.Errorf("%w: the connection was closed", errPassing)
	}
	return fmt.Errorf("%w: %s", errNoTLS, told(err))
}

// closed reports whether the other side has ended the connection.
func closed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
