package dkimwatch

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"github.com/openova-io/smtp-mirror/dnsrecords"
	"github.com/openova-io/smtp-mirror/redact"
)

// rsaBits is the size that every receiver verifies (RFC 8301, section 3.2) and that
// fits into a TXT record.
const rsaBits = 2048

// Pair is a key pair for signing.
type Pair struct {
	PublicKey string        // the value of the p= tag
	Private   redact.Secret // PKCS#8 in PEM form
}

// NewPair makes a key pair for an algorithm.
func NewPair(algorithm string) (Pair, error) {
	var key any
	var err error
	switch algorithm {
	case dnsrecords.RSASHA256:
		key, err = rsa.GenerateKey(rand.Reader, rsaBits)
	case dnsrecords.Ed25519SHA256:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		err = fmt.Errorf("the algorithm %q is unknown", algorithm)
	}
	if err != nil {
		return Pair{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("encoding a new %s key", algorithm)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	public, err := PublicHalf(text)
	return Pair{PublicKey: public.PublicKey, Private: redact.New(string(text))}, err
}
