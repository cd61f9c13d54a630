package tlscert

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/watcher"
)

// Pair is a certificate with its chain and the key that belongs to it.
type Pair struct {
	Chain []byte // PEM, nothing but certificates, the leaf first
	Key   redact.Secret
	Leaf  *x509.Certificate
	All   []*x509.Certificate // the leaf first
}

// Fingerprint is the SHA-256 of the leaf.
func (p *Pair) Fingerprint() string { return stalwart.Fingerprint(p.Leaf.Raw) }

// Bounds of what is read: far more than any chain needs.
const (
	maxChain = 10
	maxText  = 128 << 10
	minRSA   = 2048 // Stalwart signs with no shorter one, and not with P-224 (observed on 0.16.18)
)

// invalid says what is wrong with which field, without a byte of it.
func invalid(field, format string, args ...any) error {
	return &watcher.HoldError{Why: ReasonCertificateInvalid, Text: field + " " + fmt.Sprintf(format, args...) + "; the certificate in use stays"}
}

// Parse reads a pair as a Secret of type kubernetes.io/tls has it: the PEM is sound,
// each certificate is signed by the next, and the key belongs to the first.
func Parse(certificate, key []byte) (*Pair, error) {
	chain, err := parseChain(certificate)
	if err != nil {
		return nil, err
	}
	private, text, err := parseKey(key)
	if err != nil {
		return nil, err
	}
	public, ok := private.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(chain[0].PublicKey) {
		return nil, invalid(corev1.TLSPrivateKeyKey, "does not belong to the first certificate of %s", corev1.TLSCertKey)
	}
	p := &Pair{Leaf: chain[0], All: chain, Key: redact.New(string(text))}
	for _, c := range chain {
		p.Chain = append(p.Chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return p, nil
}

func parseChain(text []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for block, rest := decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, invalid(corev1.TLSCertKey, "holds something that is no certificate")
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil || len(chain) == maxChain {
			return nil, invalid(corev1.TLSCertKey, "cannot be read at its certificate %d", len(chain)+1)
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 {
		return nil, invalid(corev1.TLSCertKey, "holds no certificate in PEM form")
	}
	for i, c := range chain[1:] {
		if !bytes.Equal(chain[i].RawIssuer, c.RawSubject) || chain[i].CheckSignatureFrom(c) != nil {
			return nil, invalid(corev1.TLSCertKey, "is out of order: its certificate %d was not signed by its certificate %d", i+1, i+2)
		}
	}
	return chain, nil
}

// decode is pem.Decode for a text of sane length.
func decode(text []byte) (*pem.Block, []byte) {
	if len(text) > maxText {
		return nil, nil
	}
	return pem.Decode(text)
}

// parseKey finds the private key behind what else tools write into its file, and gives
// it alone.
func parseKey(text []byte) (crypto.Signer, []byte, error) {
	block, rest := decode(text)
	for block != nil && !strings.HasSuffix(block.Type, "PRIVATE KEY") {
		block, rest = pem.Decode(rest)
	}
	if block == nil {
		return nil, nil, invalid(corev1.TLSPrivateKeyKey, "holds no private key in PEM form")
	}
	if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
		return nil, nil, invalid(corev1.TLSPrivateKeyKey, "is encrypted")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	switch block.Type {
	case "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		parsed, err = x509.ParseECPrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, nil, invalid(corev1.TLSPrivateKeyKey, "cannot be read")
	}
	private, ok := signer(parsed)
	if !ok {
		return nil, nil, invalid(corev1.TLSPrivateKeyKey, "is of a kind that Stalwart does not sign with: RSA of %d bits or more, P-256, P-384, P-521 or Ed25519", minRSA)
	}
	return private, pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes}), nil
}

func signer(parsed any) (crypto.Signer, bool) {
	switch key := parsed.(type) {
	case *rsa.PrivateKey:
		return key, key.N.BitLen() >= minRSA
	case *ecdsa.PrivateKey:
		return key, key.Curve != elliptic.P224()
	case ed25519.PrivateKey:
		return key, true
	}
	return nil, false
}

// Check says what is wrong with the certificate for a host at a time; nil is good.
func (p *Pair) Check(host string, now time.Time) error {
	switch {
	case p.Leaf.VerifyHostname(host) != nil:
		return invalid(corev1.TLSCertKey, "is not for %s, but for %s", host, names(p.Leaf))
	case now.Before(p.Leaf.NotBefore):
		return invalid(corev1.TLSCertKey, "is valid from %s only", p.Leaf.NotBefore.Format(time.RFC3339))
	case !now.Before(p.Leaf.NotAfter):
		return invalid(corev1.TLSCertKey, "was valid until %s", p.Leaf.NotAfter.Format(time.RFC3339))
	}
	return nil
}

func names(c *x509.Certificate) string {
	if len(c.DNSNames) == 0 {
		return "no name at all"
	}
	return strings.Join(c.DNSNames, ", ")
}
