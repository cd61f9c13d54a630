package doctor_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
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
			if len(all) != 1 || !strings.HasPrefix(string(all[0].Verdict)+" "+all[0].Object, row.want) {
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
	plain := listen(t, func(c net.Conn) {
		_, _ = c.Write([]byte("220 hello\r\n"))
		buffer := make([]byte, 200)
		_, _ = c.Read(buffer)
		_, _ = c.Write([]byte("250 hello\r\n"))
		_, _ = c.Read(buffer)
	})
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

// listen serves every connection of a listener of 127.0.0.1.
func listen(t *testing.T, serve func(net.Conn)) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
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

// TestTheTimeOfACertificate of three months, and of six days.
func TestTheTimeOfACertificate(t *testing.T) {
	const day = 24 * time.Hour
	born := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, row := range map[string]struct {
		life, left time.Duration
		want       doctor.Verdict
		says       string
	}{
		"long":                   {90 * day, 15 * day, doctor.OK, "until 2026-04-01"},
		"not long":               {90 * day, 13*day + time.Hour, doctor.Warning, "13 days and 1 hours left"},
		"expired":                {90 * day, -time.Second, doctor.Wrong, "expired"},
		"before its time":        {90 * day, 90*day + time.Second, doctor.Wrong, "not yet valid"},
		"a short life":           {6 * day, 2 * day, doctor.OK, ""},
		"the end of a short one": {6 * day, day, doctor.Warning, "1 days and 0 hours left"},
	} {
		roots, leaf := lasting(t, born, row.life)
		f := doctor.JudgeCertificate("x", mailHost, []*x509.Certificate{leaf}, roots, false, false, born.Add(row.life-row.left))
		if f.Verdict != row.want || !strings.Contains(f.Got, row.says) {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if f := doctor.JudgeCertificate("x", mailHost, nil, nil, false, false, born); f.Verdict != doctor.Wrong {
		t.Errorf("%+v", f)
	}
}

// lasting makes a certificate that is its own authority.
func lasting(t *testing.T, born time.Time, life time.Duration) (*x509.CertPool, *x509.Certificate) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: born, NotAfter: born.Add(life), DNSNames: []string{mailHost}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	must(t, err)
	leaf, err := x509.ParseCertificate(der)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return pool, leaf
}
