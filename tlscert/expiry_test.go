package tlscert_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
	"github.com/openova-io/smtp-mirror/tlscert"
)

// TestTheEndIsNear is a finding: soon for a certificate of three months is two weeks,
// for one of six days a fifth of them.
func TestTheEndIsNear(t *testing.T) {
	const day = 24 * time.Hour
	for name, row := range map[string]struct {
		life, left, after time.Duration // after = when it is looked at again; 0 = it is said
	}{
		"long":                   {90 * day, 15 * day, day},
		"not long":               {90 * day, 13 * day, 0},
		"a short life":           {6 * day, 5 * day, 5*day - 6*day/5},
		"the end of a short one": {6 * day, day, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, stalwarttest.Options{})
			s.source = lasting(t, row.life, row.left)
			result := s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded)
			said := result.Reason == tlscert.ReasonCertificateExpires
			if said != (row.after == 0) || result.After > row.after || result.After < row.after-time.Minute {
				t.Errorf("it says %+v", result)
			}
		})
	}
}

// lasting is a certificate for the host, of which so much is left.
func lasting(t *testing.T, life, left time.Duration) pki.Pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	end := time.Now().Add(left)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: end.Add(-life), NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pki.Pair{Cert: block("CERTIFICATE", der), Key: block("PRIVATE KEY", text)}
}
