package smtpprobe_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// canary is the password that no result may show.
const canary = "canary-of-the-probe-tests"

// server is a submission server that keeps what it was asked for.
type server struct {
	*smtp.Server
	address string
	roots   *x509.CertPool
	auth    error            // answer to AUTH
	mail    map[string]error // answer to MAIL FROM, by address

	mu     sync.Mutex
	asked  []string
	resets int
}

// serve starts a server with a certificate for example.com that a pool trusts.
func serve(t *testing.T, change func(s *server)) *server {
	t.Helper()
	certificates := httptest.NewTLSServer(nil)
	certificates.Close()
	s := &server{roots: x509.NewCertPool(), mail: map[string]error{}}
	s.roots.AddCert(certificates.Certificate())
	s.Server = smtp.NewServer(s)
	s.TLSConfig = &tls.Config{Certificates: certificates.TLS.Certificates, MinVersion: tls.VersionTLS12}
	s.Domain, s.ErrorLog = "mail.example.com", silent{}
	if change != nil {
		change(s)
	}
	l := listen(t)
	s.address = l.Addr().String()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	return s
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// request is a probe that a server of these tests accepts.
func (s *server) request() smtpprobe.Request {
	return smtpprobe.Request{Address: s.address, ServerName: "example.com", Roots: s.roots, User: "noreply", Password: redact.New(canary), Senders: []string{"noreply@example.com", "alerts@example.com"}}
}

func (s *server) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, what)
}

// NewSession is smtp.Backend.
func (s *server) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{s}, nil }

type session struct{ *server }

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(identity, user, password string) error {
		if identity != "" || user != "noreply" || password != canary {
			s.note("AUTH with something else")
		}
		s.note("AUTH")
		return s.auth
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.note("MAIL " + from)
	return s.mail[from]
}

func (s *session) Rcpt(string, *smtp.RcptOptions) error { s.note("RCPT"); return nil }
func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.note("DATA " + string(text))
	return err
}
func (s *session) Logout() error { return nil }

func (s *session) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resets++
}

// raw answers every connection with a function; nothing is left when the test
// ends.
func raw(t *testing.T, talk func(c net.Conn)) string {
	t.Helper()
	l := listen(t)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer func() { _ = c.Close() }()
				talk(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	return l.Addr().String()
}

// unwrap ends TLS and passes what is inside on to a plain server.
func unwrap(outer net.Conn, config *tls.Config, address string) {
	inside := tls.Server(outer, config)
	plain, err := net.Dial("tcp", address) //nolint:noctx // a test's own loopback
	if err != nil {
		return
	}
	defer func() { _ = plain.Close() }()
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(inside, plain)
		_ = inside.Close()
	})
	_, _ = io.Copy(plain, inside)
	_ = plain.Close()
	back.Wait()
}
