package doctor_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
	"github.com/openova-io/smtp-mirror/smtpprobe"
)

// authority makes a CA and a certificate of it.
func authority(t *testing.T, names ...string) (*x509.CertPool, *tls.Certificate) {
	t.Helper()
	ca, err := pki.NewCA("doctor")
	must(t, err)
	pair, err := ca.Server(names...)
	must(t, err)
	loaded, err := tls.X509KeyPair(pair.Cert, pair.Key)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca.PEM())
	return pool, &loaded
}

// at is an endpoint at an address.
func at(address string, roots *x509.CertPool, change ...func(r *smtpprobe.Request)) doctor.Endpoint {
	r := smtpprobe.Request{Address: address, ServerName: mailHost, Roots: roots}
	for _, c := range change {
		c(&r)
	}
	return doctor.Endpoint{Name: "submission", Target: func(context.Context) (smtpprobe.Request, error) { return r, nil }}
}

// TestTheCertificateOfAServer: a whole handshake with STARTTLS and with TLS from the
// first byte.
func TestTheCertificateOfAServer(t *testing.T) {
	roots, certificate := authority(t, mailHost)
	s, err := stalwarttest.Start(stalwarttest.Options{Certificate: certificate})
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	plain, nobody := at(s.SubmissionAddr(), roots), x509.NewCertPool()
	implicit := at(s.SubmissionsAddr(), roots, func(r *smtpprobe.Request) { r.ImplicitTLS = true })
	stranger := at(s.SubmissionAddr(), nobody)
	elsewhere := at(s.SubmissionAddr(), roots, func(r *smtpprobe.Request) { r.ServerName = "mail.example.net" })
	trusting := at(s.SubmissionAddr(), nobody, func(r *smtpprobe.Request) { r.NoVerify = true })
	mx := stranger
	mx.MX = true
	for name, row := range map[string]struct {
		of   doctor.Endpoint
		want string
	}{
		"right":                 {plain, "ok submission 127.0.0.1:"},
		"from the first byte":   {implicit, "ok submission 127.0.0.1:"},
		"an unknown authority":  {stranger, "wrong submission "},
		"one that need not be":  {trusting, "ok submission "},
		"another name":          {elsewhere, "wrong submission "},
		"where nobody looks":    {mx, "warning submission "},
		"STARTTLS where TLS is": {at(s.SubmissionsAddr(), roots), "unknown submission "},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			e := &doctor.Env{MailHost: mailHost, Now: time.Now, Endpoints: []doctor.Endpoint{row.of}}
			all := doctor.Run(ctx, e, tlsOnly()).Findings
			if len(all) == 0 || !strings.HasPrefix(string(all[0].Verdict)+" "+all[0].Object, row.want) {
				t.Errorf("%+v", all)
			}
		})
	}
}

func tlsOnly() []doctor.Check {
	for _, c := range doctor.Checks() {
		if c.Name == "tls" {
			return []doctor.Check{c}
		}
	}
	return nil
}

// TestAddressesWithoutACertificate: nobody listens, or somebody without TLS.
func TestAddressesWithoutACertificate(t *testing.T) {
	gone := listen(t, func(net.Conn) {})
	_ = gone.Close()
	plain := withoutTLS(t)
	e := &doctor.Env{MailHost: mailHost, Now: time.Now, Endpoints: []doctor.Endpoint{at(gone.Addr().String(), nil), at(plain.Addr().String(), nil)}}
	lines := examine(t, e, "tls")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "wrong") || !strings.HasPrefix(lines[1], "wrong") || !strings.Contains(strings.Join(lines, " "), "connection refused") || !strings.Contains(strings.Join(lines, " "), "no TLS") {
		t.Errorf("%q", lines)
	}
	for i := range e.Endpoints {
		e.Endpoints[i].MX = true
	}
	if lines := examine(t, e, "tls"); len(lines) != 2 || !strings.HasPrefix(lines[0], "warning") || !strings.HasPrefix(lines[1], "warning") {
		t.Errorf("%q", lines)
	}
}

// TestThePortOfTheOutside: most senders take whatever certificate there is, unless they
// were told not to.
func TestThePortOfTheOutside(t *testing.T) {
	_, certificate := authority(t, "mail.example.net")
	s, err := stalwarttest.Start(stalwarttest.Options{Certificate: certificate})
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	plain := withoutTLS(t)
	gone := listen(t, func(net.Conn) {})
	_ = gone.Close()
	for _, row := range []struct {
		address  string
		enforced bool
		want     string
	}{
		{s.SubmissionAddr(), false, "warning MX"}, {s.SubmissionAddr(), true, "wrong MX"},
		{plain.Addr().String(), false, "warning MX"}, {plain.Addr().String(), true, "wrong MX"},
		{gone.Addr().String(), false, "warning MX"}, {gone.Addr().String(), true, "warning MX"}, // mail comes later
	} {
		mx := at(row.address, nil)
		mx.Name, mx.MX = "MX", true
		begins(t, examine(t, &doctor.Env{MailHost: mailHost, Now: time.Now, Endpoints: []doctor.Endpoint{mx}, Enforced: row.enforced}, "tls"), []string{row.want})
	}
}

// TestTheMailHostOnTheSubmissionPort is judged by its own name, too, whatever consumers
// call it.
func TestTheMailHostOnTheSubmissionPort(t *testing.T) {
	const inside = "stalwart.mail.svc"
	for _, row := range []struct {
		names []string
		want  []string
	}{
		{[]string{inside, mailHost}, []string{"ok submission 127", "ok submission 127"}},
		{[]string{inside}, []string{"wrong submission 127", "ok submission 127"}},
	} {
		roots, certificate := authority(t, row.names...)
		s, err := stalwarttest.Start(stalwarttest.Options{Certificate: certificate})
		must(t, err)
		e := &doctor.Env{MailHost: mailHost, Now: time.Now, Endpoints: []doctor.Endpoint{at(s.SubmissionAddr(), roots, func(r *smtpprobe.Request) { r.ServerName = inside })}}
		lines := examine(t, e, "tls")
		begins(t, lines, row.want)
		if !strings.Contains(strings.Join(lines, " "), "for mail.example.org: ") {
			t.Errorf("%q", lines)
		}
		must(t, s.Close())
	}
}

// withoutTLS is a mail server that does not offer STARTTLS.
func withoutTLS(t *testing.T) net.Listener {
	t.Helper()
	return listen(t, func(c net.Conn) {
		_, _ = c.Write([]byte("220 hello\r\n"))
		_, _ = c.Read(make([]byte, 99))
		_, _ = c.Write([]byte("250 hello\r\n"))
		_, _ = c.Read(make([]byte, 99))
	})
}

// listen serves every connection of a listener of 127.0.0.1.
func listen(t *testing.T, serve func(net.Conn)) net.Listener {
	t.Helper()
	return listenAt(t, "127.0.0.1:0", serve)
}

func listenAt(t *testing.T, address string, serve func(net.Conn)) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	must(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serve(c)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l
}
