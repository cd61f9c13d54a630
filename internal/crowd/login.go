package crowd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"syscall"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// Outcome is what became of one login.
type Outcome string

// The outcomes.
const (
	Accepted    Outcome = "accepted"
	Refused     Outcome = "refused"     // 4xx or 5xx to AUTH or MAIL
	Throttled   Outcome = "throttled"   // the connection was closed before the greeting
	Unreachable Outcome = "unreachable" // nobody takes the connection
	Broken      Outcome = "broken"      // it ended or fell silent on the way, or never got to AUTH
)

// loginTimeout is longer than the 5 s that Stalwart waits before it refuses.
const loginTimeout = 20 * time.Second

// Login is what a mail library is given.
type Login struct {
	Address    string // host:port
	From       net.IP // the address to dial from
	ServerName string
	Roots      *x509.CertPool
	User       string
	Password   redact.Secret
	Sender     string // of MAIL FROM
}

// Attempt is one login, done.
type Attempt struct {
	Outcome Outcome
	Detail  string    // step and code, never what was sent
	Greeted time.Time // when the connection was certainly counted; zero = never
}

// Try logs in, begins a message, and takes it back.
func (l Login) Try(ctx context.Context) Attempt {
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	conn, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: l.From}}).DialContext(ctx, "tcp", l.Address)
	if err != nil {
		return Attempt{Outcome: Unreachable, Detail: "dial"}
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	text := textproto.NewConn(conn)
	if _, _, err := text.ReadResponse(220); err != nil {
		if cut(err) {
			return Attempt{Outcome: Throttled, Detail: "greeting", Greeted: time.Now()}
		}
		return Attempt{Outcome: Broken, Detail: detail("greeting", err), Greeted: time.Now()}
	}
	greeted := time.Now()
	a := l.converse(conn, text)
	a.Greeted = greeted
	return a
}

// converse is the dialogue from the greeting on.
func (l Login) converse(conn net.Conn, text *textproto.Conn) Attempt {
	if err := say(text, 250, "EHLO [%s]", l.From); err != nil {
		return Attempt{Outcome: Broken, Detail: detail("EHLO", err)}
	}
	if err := say(text, 220, "STARTTLS"); err != nil {
		return Attempt{Outcome: Broken, Detail: detail("STARTTLS", err)}
	}
	text = textproto.NewConn(tls.Client(conn, &tls.Config{ServerName: l.ServerName, RootCAs: l.Roots, MinVersion: tls.VersionTLS12}))
	if err := say(text, 250, "EHLO [%s]", l.From); err != nil {
		return Attempt{Outcome: Broken, Detail: detail("EHLO in TLS", err)}
	}
	plain := base64.StdEncoding.EncodeToString([]byte("\x00" + l.User + "\x00" + l.Password.Reveal())) // RFC 4616
	if err := say(text, 235, "AUTH PLAIN %s", plain); err != nil {
		return judged("AUTH", err)
	}
	if err := say(text, 250, "MAIL FROM:<%s>", l.Sender); err != nil {
		return judged("MAIL", err)
	}
	_ = say(text, 250, "RSET")
	_ = say(text, 221, "QUIT")
	return Attempt{Outcome: Accepted}
}

// say sends a command and expects a reply.
func say(text *textproto.Conn, code int, format string, args ...any) error {
	if err := text.PrintfLine(format, args...); err != nil {
		return err
	}
	_, _, err := text.ReadResponse(code)
	return err
}

// judged tells a refusal from a connection that broke.
func judged(step string, err error) Attempt {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return Attempt{Outcome: Refused, Detail: detail(step, err)}
	}
	return Attempt{Outcome: Broken, Detail: detail(step, err)}
}

// detail has the step and the code; texts may quote what was sent.
func detail(step string, err error) string {
	var reply *textproto.Error
	switch {
	case errors.As(err, &reply):
		return fmt.Sprintf("%s: %d", step, reply.Code)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, net.ErrClosed):
		return step + ": no answer in time"
	case cut(err):
		return step + ": the connection was cut"
	}
	return step + ": broken"
}

// cut reports whether the server closed the connection.
func cut(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
