package pki_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
)

func leaf(t *testing.T, p pki.Pair) *x509.Certificate {
	t.Helper()
	if _, err := tls.X509KeyPair(p.Cert, p.Key); err != nil {
		t.Fatalf("certificate and key do not belong together: %v", err)
	}
	block, _ := pem.Decode(p.Cert)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func authority(t *testing.T) (*pki.CA, *x509.CertPool) {
	t.Helper()
	ca, err := pki.NewCA("test")
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca.PEM()) {
		t.Fatal("the authority is no certificate")
	}
	return ca, pool
}

func TestServerIsGoodForItsNamesOnly(t *testing.T) {
	ca, pool := authority(t)
	pair, err := ca.Server("mail.example.test", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	cert := leaf(t, pair)
	for name, good := range map[string]bool{"mail.example.test": true, "127.0.0.1": true, "example.test": false} {
		_, err := cert.Verify(x509.VerifyOptions{DNSName: name, Roots: pool})
		if (err == nil) != good {
			t.Errorf("%s: %v, want good = %v", name, err, good)
		}
	}
}

func TestClientCarriesUserAndGroups(t *testing.T) {
	ca, pool := authority(t)
	pair, err := ca.Client("jane", "system:masters")
	if err != nil {
		t.Fatal(err)
	}
	cert := leaf(t, pair)
	usage := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: pool, KeyUsages: usage}); err != nil {
		t.Error(err)
	}
	if cert.Subject.CommonName != "jane" || cert.Subject.Organization[0] != "system:masters" {
		t.Errorf("subject is %s", cert.Subject)
	}
}
