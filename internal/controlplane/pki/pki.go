// Package pki makes the certificates of the servers that tests start: an
// authority that lives in memory for one test, server certificates for
// loopback names and client certificates that carry a Kubernetes identity.
// Everything is made with the standard library, so that a test needs no
// openssl, and is valid for a day, so that nothing is worth keeping.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

const (
	lifetime = 24 * time.Hour
	// skew forgives a clock that is set back while a test runs.
	skew = time.Hour
)

// CA is a certificate authority.
type CA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// Pair is a certificate with its private key, both PEM.
type Pair struct{ Cert, Key []byte }

// NewCA makes an authority.
func NewCA(name string) (*CA, error) { return newCA(name, nil) }

// Intermediate makes an authority below this one.
func (c *CA) Intermediate(name string) (*CA, error) { return newCA(name, c) }

func newCA(name string, above *CA) (*CA, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	t, err := template(pkix.Name{CommonName: name})
	if err != nil {
		return nil, err
	}
	t.IsCA, t.BasicConstraintsValid = true, true
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	parent, signer := t, key
	if above != nil {
		parent, signer = above.cert, above.key
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, fmt.Errorf("sign the authority's certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("parse the authority's certificate: %w", err)
	}
	return &CA{cert: cert, key: key, pem: encode("CERTIFICATE", der)}, nil
}

// PEM is the authority's certificate.
func (c *CA) PEM() []byte { return c.pem }

// Server makes a certificate for a server with these names, which may be IP
// addresses.
func (c *CA) Server(names ...string) (Pair, error) {
	return c.ServerUntil(time.Now().Add(lifetime), names...)
}

// ServerUntil is Server with an end of its own.
func (c *CA) ServerUntil(end time.Time, names ...string) (Pair, error) {
	key, err := newKey()
	if err != nil {
		return Pair{}, err
	}
	return c.server(key, end, names)
}

// Renew is ServerUntil with the key of another certificate.
func (c *CA) Renew(p Pair, end time.Time, names ...string) (Pair, error) {
	block, _ := pem.Decode(p.Key)
	if block == nil {
		return Pair{}, errors.New("renew a certificate: its key is no PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return Pair{}, fmt.Errorf("renew a certificate: %w", err)
	}
	return c.server(key.(*ecdsa.PrivateKey), end, names)
}

func (c *CA) server(key *ecdsa.PrivateKey, end time.Time, names []string) (Pair, error) {
	t, err := template(pkix.Name{CommonName: names[0]})
	if err != nil {
		return Pair{}, err
	}
	t.NotAfter = end
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	return c.issue(t, key)
}

// Client makes a certificate that names a user and its groups.
func (c *CA) Client(user string, groups ...string) (Pair, error) {
	t, err := template(pkix.Name{CommonName: user, Organization: groups})
	if err != nil {
		return Pair{}, err
	}
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	key, err := newKey()
	if err != nil {
		return Pair{}, err
	}
	return c.issue(t, key)
}

func (c *CA) issue(t *x509.Certificate, key *ecdsa.PrivateKey) (Pair, error) {
	t.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, t, c.cert, &key.PublicKey, c.key)
	if err != nil {
		return Pair{}, fmt.Errorf("sign a certificate: %w", err)
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return Pair{}, err
	}
	return Pair{Cert: encode("CERTIFICATE", der), Key: keyPEM}, nil
}

// NewSigningKey makes a private key without a certificate, PEM, for signing
// tokens. It has the older SEC 1 form: Kubernetes reads elliptic curve keys of
// service accounts in no other.
func NewSigningKey() ([]byte, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode a signing key: %w", err)
	}
	return encode("EC PRIVATE KEY", der), nil
}

// encodeKey encodes a private key as PKCS #8 PEM, which every server under
// test reads.
func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode a private key: %w", err)
	}
	return encode("PRIVATE KEY", der), nil
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a private key: %w", err)
	}
	return key, nil
}

func template(subject pkix.Name) (*x509.Certificate, error) {
	const serialBits = 120
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), serialBits))
	if err != nil {
		return nil, fmt.Errorf("make a serial number: %w", err)
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		NotBefore:    now.Add(-skew),
		NotAfter:     now.Add(lifetime),
	}, nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
