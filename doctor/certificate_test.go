package doctor_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/doctor"
)

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
		f := doctor.JudgeCertificate([]*x509.Certificate{leaf}, mailHost, roots, born.Add(row.life-row.left))
		if f.Verdict != row.want || !strings.Contains(f.Got, row.says) {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if f := doctor.JudgeCertificate(nil, mailHost, nil, born); f.Verdict != doctor.Wrong {
		t.Errorf("%+v", f)
	}
}

// TestTheTimeOfAnAuthority: one that ends before what it has signed is trusted until
// then, and its end is theirs.
func TestTheTimeOfAnAuthority(t *testing.T) {
	const day = 24 * time.Hour
	born := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	authority := issue(t, nil, born, 40*day)
	leaf := issue(t, authority, born, 90*day)
	roots, chain := authority.pool(), []*x509.Certificate{leaf.Certificate}
	for days, want := range map[time.Duration]struct {
		verdict doctor.Verdict
		says    string
	}{
		1:  {doctor.OK, "until 2026-04-01, its authority until 2026-02-10"},
		27: {doctor.Warning, "13 days and 0 hours left"},
		41: {doctor.Wrong, "of an authority that is not trusted"},
		91: {doctor.Wrong, "expired"},
		-1: {doctor.Wrong, "not yet valid"},
	} {
		f := doctor.JudgeCertificate(chain, mailHost, roots, born.Add(days*day))
		if f.Verdict != want.verdict || !strings.Contains(f.Got, want.says) {
			t.Errorf("after %d days: %+v", days, f)
		}
	}
	longer := issue(t, nil, born, 365*day)
	roots.AddCert(longer.cross(t, authority).Certificate)
	roots.AddCert(longer.Certificate)
	if f := doctor.JudgeCertificate(chain, mailHost, roots, born.Add(27*day)); f.Verdict != doctor.OK {
		t.Errorf("with another way to trust it: %+v", f)
	}
}

// issued is a certificate with its key.
type issued struct {
	*x509.Certificate
	key ed25519.PrivateKey
}

// issue makes a certificate for the mail host, its own authority where none is given.
func issue(t *testing.T, by *issued, born time.Time, life time.Duration) *issued {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: born, NotAfter: born.Add(life), DNSNames: []string{mailHost}, Subject: pkix.Name{CommonName: life.String()}, IsCA: by == nil, BasicConstraintsValid: true}
	return sign(t, by, template, private)
}

// cross is this authority's certificate for another one, for as long as its own.
func (i *issued) cross(t *testing.T, other *issued) *issued {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: i.NotBefore, NotAfter: i.NotAfter, Subject: other.Subject, IsCA: true, BasicConstraintsValid: true}
	return sign(t, i, template, other.key)
}

func sign(t *testing.T, by *issued, template *x509.Certificate, private ed25519.PrivateKey) *issued {
	t.Helper()
	if by == nil {
		by = &issued{template, private}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.Certificate, private.Public(), by.key)
	must(t, err)
	made, err := x509.ParseCertificate(der)
	must(t, err)
	return &issued{made, private}
}

func (i *issued) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(i.Certificate)
	return pool
}

// lasting makes a certificate that is its own authority.
func lasting(t *testing.T, born time.Time, life time.Duration) (*x509.CertPool, *x509.Certificate) {
	t.Helper()
	one := issue(t, nil, born, life)
	return one.pool(), one.Certificate
}
