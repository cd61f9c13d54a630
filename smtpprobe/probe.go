package smtpprobe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/openova-io/smtp-mirror/redact"
)

// Bounds of one probe. Stalwart waits 5 s before it answers a wrong password.
const (
	dialTimeout    = 4 * time.Second
	commandTimeout = 12 * time.Second
	probeTimeout   = 20 * time.Second
)

// heloName is what the probe calls itself (RFC 5321, section 4.1.4: an address
// literal where the client has no name).
const heloName = "[127.0.0.1]"

// Request is one probe.
type Request struct {
	Address     string // host:port to dial
	ServerName  string // name the certificate must cover
	ImplicitTLS bool
	Roots       *x509.CertPool // nil = the system's
	NoVerify    bool           // insecureSkipVerify: the operator's own risk
	User        string         // "" = no login: only that the port answers and its certificate verifies
	Password    redact.Secret
	Senders     []string // addresses for MAIL FROM; all must be accepted
	Mail        *Mail    // to be sent from the first of them; nil = none
}

// Probe runs the dialogue. It never fails otherwise than by its verdict, and it
// ends within 20 seconds or with ctx.
func Probe(ctx context.Context, r Request) Result {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", r.Address)
	if err != nil {
		return Result{Verdict: Unreachable, Address: r.Address, Detail: r.Address + ": " + dialProblem(err)}
	}
	defer func() { _ = conn.Close() }()
	// Closing is the only way to stop the client early: it sets the deadline anew
	// before every command.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	result := dialogue(conn, r)
	return scrubbed(result, r)
}

// scrubbed takes the password out of everything that the server said, as it is
// and as AUTH PLAIN sends it (RFC 4616): some servers quote what they do not take.
func scrubbed(result Result, r Request) Result {
	sent := redact.New(base64.StdEncoding.EncodeToString([]byte("\x00" + r.User + "\x00" + r.Password.Reveal())))
	result.Detail = redact.Scrub(result.Detail, r.Password, sent)
	for i := range result.Refused {
		result.Refused[i].Reply.Text = redact.Scrub(result.Refused[i].Reply.Text, r.Password, sent)
	}
	return result
}

// dialogue speaks on an open connection.
func dialogue(conn net.Conn, r Request) Result {
	client, bad := secure(conn, r)
	if bad != nil {
		return *bad
	}
	defer func() { _ = client.Quit() }()
	if r.User == "" {
		return Result{Verdict: Accepted}
	}
	if !client.SupportsAuth(sasl.Plain) {
		return Result{Verdict: NoAuth, Detail: r.Address + " offers no AUTH PLAIN after TLS"}
	}
	if err := client.Auth(sasl.NewPlainClient("", r.User, r.Password.Reveal())); err != nil {
		return failed(StepAuth, err)
	}
	result := senders(client, r.Senders)
	if result.Verdict == Accepted && r.Mail != nil {
		return send(client, r.Senders[0], *r.Mail)
	}
	return result
}

// senders asks for every address, each in a transaction of its own that is reset.
func senders(client *smtp.Client, addresses []string) Result {
	var refused []Refusal
	for _, address := range addresses {
		if err := client.Mail(address, nil); err != nil {
			result := failed(StepMail, err)
			if result.Verdict != SenderRefused {
				return result
			}
			refused = append(refused, Refusal{address, replyOf(err)})
			continue // no transaction was opened
		}
		if err := client.Reset(); err != nil {
			return failed(StepReset, err)
		}
	}
	return merged(refused)
}

// secure brings the connection to EHLO inside TLS. The handshake happens with
// the first command after it.
func secure(conn net.Conn, r Request) (*smtp.Client, *Result) {
	config := &tls.Config{ServerName: r.ServerName, RootCAs: r.Roots, InsecureSkipVerify: r.NoVerify, MinVersion: tls.VersionTLS12} //nolint:gosec // NoVerify is an explicit option
	client := smtp.NewClient(tls.Client(conn, config))
	if !r.ImplicitTLS {
		var err error
		client, err = smtp.NewClientStartTLS(conn, config)
		if err != nil {
			return nil, startTLSFailed(r, err)
		}
	}
	client.CommandTimeout, client.SubmissionTimeout = commandTimeout, commandTimeout
	if err := client.Hello(heloName); err != nil {
		return nil, helloFailed(r, err)
	}
	return client, nil
}

// startTLSFailed tells a refused greeting from a server without STARTTLS.
func startTLSFailed(r Request, err error) *Result {
	result := failed(StepTLS, err)
	switch {
	case closed(err):
		result = Result{Verdict: Unreachable, Detail: r.Address + ": the connection was closed before TLS (starting, throttled, or we are banned)"}
	case replyOf(err).Code == 0:
		result = Result{Verdict: NoTLS, Detail: r.Address + " does not offer STARTTLS"}
	}
	return &result
}

// helloFailed tells a refused EHLO from a handshake that failed.
func helloFailed(r Request, err error) *Result {
	if replyOf(err).Code != 0 {
		result := failed(StepGreeting, err)
		return &result
	}
	if isTLS(err) || !closed(err) {
		return tlsFailed(r, err)
	}
	return &Result{Verdict: Unreachable, Detail: r.Address + ": the connection was closed during TLS"}
}

func isTLS(err error) bool {
	var verification *tls.CertificateVerificationError
	var header tls.RecordHeaderError
	var alert tls.AlertError
	return errors.As(err, &verification) || errors.As(err, &header) || errors.As(err, &alert)
}

// tlsFailed names what the certificate is for, so that the operator sees at
// once whether it is the wrong one or just not trusted.
func tlsFailed(r Request, err error) *Result {
	var verification *tls.CertificateVerificationError
	var header tls.RecordHeaderError
	switch {
	case errors.As(err, &header):
		return &Result{Verdict: NoTLS, Detail: r.Address + " does not speak TLS"}
	case !errors.As(err, &verification):
		return &Result{Verdict: NoTLS, Shook: true, Detail: r.Address + " fails the TLS handshake"}
	}
	names := certificateNames(verification.UnverifiedCertificates)
	return &Result{Verdict: NotTrusted, Names: names, Detail: fmt.Sprintf("%s serves a certificate for %s, which does not verify for %s: %s",
		r.Address, strings.Join(names, ", "), r.ServerName, verificationProblem(verification.Err))}
}

func certificateNames(chain []*x509.Certificate) []string {
	if len(chain) == 0 {
		return []string{"nobody"}
	}
	names := append([]string{}, chain[0].DNSNames...)
	for _, ip := range chain[0].IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = append(names, "no name at all")
	}
	return names
}

func verificationProblem(err error) string {
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &host):
		return "another name"
	case errors.As(err, &authority):
		return "unknown authority"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "expired or not yet valid"
	}
	return "invalid"
}

// failed turns an error of a command into a result.
func failed(step Step, err error) Result {
	reply := replyOf(err)
	if reply.Code == 0 {
		return Result{Verdict: TemporaryError, Broke: step, Detail: fmt.Sprintf("the connection broke at %s", step)}
	}
	return Result{Verdict: Judge(step, reply), Detail: fmt.Sprintf("%s is answered with %s", step, reply)}
}

// replyOf reads code and enhanced code, which the error's own text leaves out.
func replyOf(err error) Reply {
	var reply *smtp.SMTPError
	if !errors.As(err, &reply) {
		return Reply{}
	}
	out := Reply{Code: reply.Code, Text: reply.Message}
	if e := reply.EnhancedCode; e != smtp.EnhancedCodeNotSet && e != smtp.NoEnhancedCode {
		out.Enhanced = fmt.Sprintf("%d.%d.%d", e[0], e[1], e[2])
	}
	return out
}

// dialProblem says why a dial failed without naming ephemeral ports.
func dialProblem(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &dns):
		return "the name does not resolve"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	}
	return "no connection"
}
