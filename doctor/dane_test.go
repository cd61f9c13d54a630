package doctor_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/zone"
)

const danename = "_25._tcp.mail.example.org TLSA"

// host is a mail host that shows a certificate, on port 25 and on a submission port.
type host struct {
	roots  *x509.CertPool
	leaf   *x509.Certificate
	mx, in doctor.Endpoint
}

func newHost(t *testing.T) host {
	t.Helper()
	roots, certificate := authority(t, mailHost)
	s, err := stalwarttest.Start(stalwarttest.Options{Certificate: certificate})
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	h := host{roots: roots, leaf: leafOf(t, certificate), mx: at(s.SubmissionAddr(), roots), in: at(s.SubmissionAddr(), roots)}
	h.mx.Name, h.mx.MX = "MX", true
	return h
}

func leafOf(t *testing.T, c *tls.Certificate) *x509.Certificate {
	t.Helper()
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	must(t, err)
	return leaf
}

// TestTheKeysOfTheMailHost: what senders know is compared with what they meet.
func TestTheKeysOfTheMailHost(t *testing.T) {
	t.Parallel()
	h, other := newHost(t), newHost(t)
	ours, next := "3 1 1 "+zone.SPKIHash(h.leaf), "3 1 1 "+zone.SPKIHash(other.leaf)
	whole := sha256.Sum256(h.leaf.Raw)
	plain := withoutTLS(t)
	gone := listen(t, func(net.Conn) {})
	_ = gone.Close()
	bare, closed := at(plain.Addr().String(), nil), at(gone.Addr().String(), nil)
	bare.MX, closed.MX = true, true
	both := []doctor.Endpoint{h.in, h.mx}
	rows := []struct {
		name      string
		published []string
		wanted    string // the key of the Secret
		endpoints []doctor.Endpoint
		want      []string
	}{
		{"nobody asks for any", nil, "", both, []string{"ok nothing"}},
		{"ours", []string{ours}, ours, both, []string{"ok DANE of mail.example.org: the key that is served is there", "ok _25._tcp"}},
		{"in other letters", []string{strings.ToUpper(ours)}, "", both, []string{"ok DANE"}},
		{"by the certificate", []string{"3 0 1 " + hex.EncodeToString(whole[:])}, "", both, []string{"ok DANE"}},
		{"both, in a rollover", []string{ours, next}, next, both, []string{"ok DANE", "ok _25._tcp"}},
		{"the next one is not there yet", []string{ours}, next, both, []string{"warning _25._tcp.mail.example.org TLSA: Mismatch", "ok DANE"}},
		{"the next one has replaced ours", []string{next}, next, both, []string{"wrong DANE of mail.example.org: " + next, "ok _25._tcp"}},
		{"not published yet", nil, ours, both, []string{"warning _25._tcp.mail.example.org TLSA: Missing"}},
		{"somebody else's", []string{next}, "", both, []string{"wrong DANE"}},
		{"an authority that is not in the chain", []string{"2 1 1 " + zone.SPKIHash(other.leaf)}, "", both, []string{"wrong DANE"}},
		{"a usage that mail does not know", []string{"1 1 1 " + zone.SPKIHash(other.leaf)}, "", both, []string{"warning DANE"}},
		{"one that fails", []string{"SERVFAIL"}, "", both, []string{"unknown DANE"}},
		{"port 25 is closed here", []string{next}, "", []doctor.Endpoint{h.in, closed}, []string{"wrong DANE"}},
		{"port 25 is closed here, and all is right", []string{ours}, "", []doctor.Endpoint{h.in, closed}, []string{"ok DANE"}},
		{"port 25 is in the clear", []string{ours}, "", []doctor.Endpoint{h.in, bare}, []string{"wrong DANE of mail.example.org: no TLS"}},
		{"nobody can be seen", []string{ours}, "", []doctor.Endpoint{closed}, []string{"unknown DANE"}},
		{"nobody is known", []string{ours}, "", nil, []string{"unknown DANE"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := &doctor.Env{Domain: domain, MailHost: mailHost, DNS: dns{danename: row.published}, Now: time.Now, Endpoints: row.endpoints}
			e.Records = func(context.Context) ([]zone.Record, error) {
				if row.wanted == "" {
					return nil, nil
				}
				name, kind, _ := strings.Cut(danename, " ")
				return []zone.Record{{Name: name, Type: kind, Value: row.wanted}}, nil
			}
			begins(t, examine(t, e, "dns"), row.want)
		})
	}
	stale := torn{dns{danename: {ours, next}}, dns{danename: {next}}}
	e := &doctor.Env{Domain: domain, MailHost: mailHost, DNS: stale, Now: time.Now, Endpoints: both}
	begins(t, examine(t, e, "dns"), []string{"wrong DANE of mail.example.org: " + next + ", at 192.0.2.54:53"})
}

// TestTheCertificateThatWasIssued is read, and is to be the one that is served.
func TestTheCertificateThatWasIssued(t *testing.T) {
	t.Parallel()
	h, other := newHost(t), newHost(t)
	gone := at("127.0.0.1:1", nil)
	gone.MX = true
	for _, row := range []struct {
		name      string
		leaf      *x509.Certificate
		err       error
		now       time.Time
		endpoints []doctor.Endpoint
		want      string
	}{
		{"served", h.leaf, nil, time.Now(), []doctor.Endpoint{h.mx}, "ok secret mail/tls: until "},
		{"served elsewhere", h.leaf, nil, time.Now(), []doctor.Endpoint{h.in, gone}, "ok secret mail/tls: until "},
		{"not served", other.leaf, nil, time.Now(), []doctor.Endpoint{h.mx}, "warning secret mail/tls: 127.0.0.1:"},
		{"not renewed", h.leaf, nil, h.leaf.NotAfter.Add(-time.Minute), []doctor.Endpoint{h.mx}, "warning secret mail/tls: until "},
		{"not there", nil, &watcher.HoldError{Why: "CertificateMissing", Text: "the secret does not exist"}, time.Now(), []doctor.Endpoint{h.mx}, "wrong secret mail/tls: the secret does not exist"},
		{"not to be read", nil, errors.New("forbidden"), time.Now(), []doctor.Endpoint{h.mx}, "unknown secret mail/tls: forbidden"},
		{"nobody can be seen", h.leaf, nil, time.Now(), []doctor.Endpoint{gone}, "unknown secret mail/tls: "},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := &doctor.Env{Domain: domain, MailHost: mailHost, DNS: dns{}, Now: func() time.Time { return row.now }, Endpoints: row.endpoints}
			e.Issued = &doctor.Certificate{Name: "secret mail/tls", Read: func(context.Context) (*x509.Certificate, error) { return row.leaf, row.err }}
			lines := slices.DeleteFunc(examine(t, e, "tls"), func(l string) bool { return !strings.Contains(l, " secret ") })
			begins(t, lines, []string{row.want})
		})
	}
}
