package smtpprobe_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/openova-io/smtp-mirror/smtpprobe"
)

// shows fails where a result holds the password in any notation.
func shows(t *testing.T, r smtpprobe.Result) {
	t.Helper()
	shown := fmt.Sprintf("%+v %#v", r, r)
	for _, form := range []string{canary, base64.StdEncoding.EncodeToString([]byte(canary)), plain()} {
		if strings.Contains(shown, form) {
			t.Error("the result shows the password")
		}
	}
}

// plain is the argument of AUTH PLAIN (RFC 4616).
func plain() string { return base64.StdEncoding.EncodeToString([]byte("\x00noreply\x00" + canary)) }

func reply(code int, enhanced smtp.EnhancedCode, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}

// TestDialogue: what the server says to a login, and what the probe makes of it.
func TestDialogue(t *testing.T) {
	refused := reply(501, smtp.EnhancedCode{5, 5, 4}, "You are not allowed to send from this address.")
	rows := []struct {
		name    string
		change  func(s *server)
		verdict smtpprobe.Verdict
		says    string
	}{
		{"accepted", nil, smtpprobe.Accepted, ""},
		{"a wrong password", func(s *server) {
			s.auth = reply(535, smtp.EnhancedCode{5, 7, 8}, "Authentication credentials invalid.")
		}, smtpprobe.PasswordRefused, "535 5.7.8"},
		{"a missing permission", func(s *server) {
			s.auth = reply(550, smtp.EnhancedCode{5, 7, 1}, "Your account is not authorized to use this service.")
		}, smtpprobe.NotAuthorized, "550 5.7.1"},
		{"busy at the login", func(s *server) { s.auth = reply(454, smtp.EnhancedCode{4, 7, 0}, "Temporary authentication failure") }, smtpprobe.TemporaryError, "454"},
		{"one address refused", func(s *server) { s.mail["alerts@example.com"] = refused }, smtpprobe.SenderRefused, "alerts@example.com (501 5.5.4"},
		{"both refused", func(s *server) { s.mail["alerts@example.com"], s.mail["noreply@example.com"] = refused, refused }, smtpprobe.SenderRefused, "noreply@example.com"},
		{"busy at an address", func(s *server) { s.mail["noreply@example.com"] = reply(451, smtp.EnhancedCode{4, 3, 0}, "later") }, smtpprobe.TemporaryError, "451"},
		{"the text echoes the password", func(s *server) { s.auth = reply(535, smtp.EnhancedCode{5, 7, 8}, "not "+canary) }, smtpprobe.PasswordRefused, ""},
		{"the text echoes the command", func(s *server) { s.auth = reply(500, smtp.EnhancedCode{5, 5, 1}, "what is AUTH PLAIN "+plain()) }, smtpprobe.ProtocolError, ""},
		{"an address's text echoes the password", func(s *server) {
			s.mail["noreply@example.com"] = reply(550, smtp.EnhancedCode{5, 7, 1}, "not "+canary+" "+plain())
		}, smtpprobe.SenderRefused, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := serve(t, row.change)
			got := smtpprobe.Probe(t.Context(), s.request())
			shows(t, got)
			if got.Verdict != row.verdict || !strings.Contains(got.Detail, row.says) {
				t.Errorf("%s: %s", got.Verdict, strings.ReplaceAll(got.Detail, canary, "?"))
			}
			if slices.Contains(s.asked, "RCPT") || slices.Contains(s.asked, "DATA") || slices.Contains(s.asked, "AUTH with something else") {
				t.Errorf("it was asked for %q", s.asked)
			}
		})
	}
}

// TestEveryAddressIsAskedFor: each in a transaction of its own.
func TestEveryAddressIsAskedFor(t *testing.T) {
	s := serve(t, nil)
	if got := smtpprobe.Probe(t.Context(), s.request()); got.Verdict != smtpprobe.Accepted {
		t.Fatalf("%+v", got)
	}
	if want := []string{"AUTH", "MAIL noreply@example.com", "MAIL alerts@example.com"}; !slices.Equal(s.asked, want) {
		t.Errorf("%q", s.asked)
	}
	if s.resets < 2 {
		t.Errorf("%d resets", s.resets)
	}
}

// TestTrust: the credential is sent only inside TLS that verifies.
func TestTrust(t *testing.T) {
	rows := []struct {
		name    string
		change  func(s *server)
		request func(r *smtpprobe.Request)
		verdict smtpprobe.Verdict
		says    string
	}{
		{"an unknown authority", nil, func(r *smtpprobe.Request) { r.Roots = nil }, smtpprobe.NotTrusted, "unknown authority"},
		{"another name", nil, func(r *smtpprobe.Request) { r.ServerName = "mail.elsewhere.test" }, smtpprobe.NotTrusted, "example.com"},
		{"without verification", nil, func(r *smtpprobe.Request) { r.Roots, r.NoVerify = nil, true }, smtpprobe.Accepted, ""},
		{"no STARTTLS", func(s *server) { s.TLSConfig, s.AllowInsecureAuth = nil, true }, func(*smtpprobe.Request) {}, smtpprobe.NoTLS, "STARTTLS"},
		{"TLS from the first byte, to a server that greets", nil, func(r *smtpprobe.Request) { r.ImplicitTLS = true }, smtpprobe.NoTLS, "does not speak TLS"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := serve(t, row.change)
			r := s.request()
			row.request(&r)
			got := smtpprobe.Probe(t.Context(), r)
			shows(t, got)
			if got.Verdict != row.verdict || !strings.Contains(got.Detail, row.says) {
				t.Errorf("%+v", got)
			}
			if row.verdict != smtpprobe.Accepted && len(s.asked) != 0 {
				t.Errorf("it was asked for %q", s.asked)
			}
			if row.verdict == smtpprobe.NotTrusted && !slices.Contains(got.Names, "example.com") {
				t.Errorf("the names are %q", got.Names)
			}
		})
	}
}

// TestImplicitTLS: port 465.
func TestImplicitTLS(t *testing.T) {
	s := serve(t, nil)
	inner := s.TLSConfig
	address := raw(t, func(c net.Conn) { unwrap(c, inner, s.address) })
	r := s.request()
	r.Address, r.ImplicitTLS = address, true
	if got := smtpprobe.Probe(t.Context(), r); got.Verdict != smtpprobe.NoAuth {
		t.Errorf("%+v", got) // behind our unwrapping the server asks for STARTTLS first
	}
	s.AllowInsecureAuth = true
	if got := smtpprobe.Probe(t.Context(), r); got.Verdict != smtpprobe.Accepted {
		t.Errorf("%+v", got)
	}
}

// TestStrangeServers: sockets that are no submission server.
func TestStrangeServers(t *testing.T) {
	gone := listen(t)
	_ = gone.Close()
	say := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = io.WriteString(c, text)
			_, _ = io.Copy(io.Discard, c)
		}
	}
	rows := []struct {
		name    string
		address string
		verdict smtpprobe.Verdict
	}{
		{"nothing listens", gone.Addr().String(), smtpprobe.Unreachable},
		{"no such name", "mail.invalid:587", smtpprobe.Unreachable},
		{"closes before the greeting", raw(t, func(net.Conn) {}), smtpprobe.Unreachable},
		{"closes after the greeting", raw(t, func(c net.Conn) {
			_, _ = io.WriteString(c, "220 hello\r\n")
			_, _ = bufio.NewReader(c).ReadString('\n')
		}), smtpprobe.Unreachable},
		{"refuses with its greeting", raw(t, say("554 go away\r\n")), smtpprobe.Unreachable},
		{"is busy", raw(t, say("421 later\r\n")), smtpprobe.TemporaryError},
		{"no SMTP", raw(t, say("HTTP/1.1 400 Bad Request\r\n\r\n")), smtpprobe.NoTLS},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := smtpprobe.Probe(t.Context(), (&server{address: row.address}).request())
			shows(t, got)
			if got.Verdict != row.verdict && !(row.name == "refuses with its greeting" && got.Verdict == smtpprobe.NoTLS) {
				t.Errorf("%+v", got)
			}
			if got.Detail == "" {
				t.Error("it says nothing")
			}
		})
	}
}

// TestAHangingServer: it ends with its context, wherever the server stops.
func TestAHangingServer(t *testing.T) {
	for _, greeting := range []string{"", "220 hello\r\n"} {
		address := raw(t, func(c net.Conn) {
			_, _ = io.WriteString(c, greeting)
			_, _ = io.Copy(io.Discard, c)
		})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		began := time.Now()
		got := smtpprobe.Probe(ctx, (&server{address: address}).request())
		cancel()
		if got.Verdict != smtpprobe.Unreachable || time.Since(began) > 5*time.Second {
			t.Errorf("%+v after %s", got, time.Since(began))
		}
	}
}
