package stalwarttest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"time"
)

// Words of a certificate that cannot be used.
const (
	textNoCertificates = "No certificates found."
	textNoKeys         = "No private keys found."
	textKeyUnfit       = "Failed to sign certificate: unexpected error: failed to parse private key as RSA, ECDSA, or EdDSA"
)

// served are the certificates of a process by the name that a client asks for.
type served struct {
	byName map[string]*tls.Certificate
	ends   map[string]time.Time
}

func newServed() served {
	return served{map[string]*tls.Certificate{}, map[string]time.Time{}}
}

// add takes a certificate into use for its names. Of several for one name the one
// that ends last is used (observed on 0.16.18 and 0.16.3); on 0.15 the new one.
func (v served) add(pair *tls.Certificate, always bool) {
	for _, name := range pair.Leaf.DNSNames {
		name = strings.ToLower(name)
		if always || !pair.Leaf.NotAfter.Before(v.ends[name]) {
			v.byName[name], v.ends[name] = pair, pair.Leaf.NotAfter
		}
	}
}

// of finds the certificate for the name that a client asks for.
func (v served) of(name string) *tls.Certificate {
	name = strings.ToLower(name)
	if exact := v.byName[name]; exact != nil {
		return exact
	}
	_, parent, _ := strings.Cut(name, ".")
	return v.byName["*."+parent]
}

// pairOf reads a certificate and a key. Whether they belong together is nobody's
// question: Stalwart takes a wrong key and fails at every handshake.
func pairOf(certificate, key []byte) (pair *tls.Certificate, fault string) {
	pair = &tls.Certificate{}
	for block, rest := pem.Decode(certificate); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			pair.Certificate = append(pair.Certificate, block.Bytes)
		}
	}
	if len(pair.Certificate) == 0 {
		return nil, textNoCertificates
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return nil, textNoCertificates
	}
	private := keyOf(key)
	if private == nil {
		return nil, textNoKeys
	}
	if !usable(private) {
		return nil, textKeyUnfit
	}
	pair.Leaf, pair.PrivateKey = leaf, private
	return pair, ""
}

func keyOf(text []byte) crypto.PrivateKey {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "PRIVATE KEY":
			if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
				return key
			}
		case "EC PRIVATE KEY":
			if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
				return key
			}
		case "RSA PRIVATE KEY":
			if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
				return key
			}
		}
	}
	return nil
}

// usable leaves out what the TLS library of Stalwart does not sign with.
func usable(key crypto.PrivateKey) bool {
	switch k := key.(type) {
	case *ecdsa.PrivateKey:
		return k.Curve != elliptic.P224()
	case *rsa.PrivateKey:
		return k.N.BitLen() >= 2048
	}
	return true
}

// seedCertificate stores the certificate of the options once, as an installation does
// that had one before us.
func (s *Server) seedCertificate(p *process) {
	c := s.opts.Certificate
	if c == nil || p.mode != "" || s.edition.rest || s.store.seeded[string(c.Certificate[0])] {
		return
	}
	s.store.seeded[string(c.Certificate[0])] = true
	certificate, key := pemPair(c)
	s.insert("Certificate", object{"certificate": object{"@type": "Text", "value": certificate}, "privateKey": object{"@type": "Text", "secret": key}})
}

func pemPair(c *tls.Certificate) (certificate, key string) {
	var chain strings.Builder
	for _, der := range c.Certificate {
		chain.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		panic("stalwarttest: a certificate whose key cannot be written: " + err.Error())
	}
	return chain.String(), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// loadCertificate takes what is stored into use. One that cannot be used is the
// fault that is told, and the others are in use all the same.
func (s *Server) loadCertificate(p *process) (fault *setError) {
	if s.edition.rest {
		s.loadMounted(p)
		return nil
	}
	p.served = newServed()
	var chosen *tls.Certificate
	preferred := str(s.singleton("SystemSettings")["defaultCertificateId"])
	for _, id := range s.store.ids("Certificate") {
		o := s.store.table("Certificate")[id]
		pair, text := pairOf(pemOf(sub(o["certificate"])), pemOf(sub(o["privateKey"])))
		if text != "" {
			fault = &setError{Type: "validationFailed", Description: "Invalid certificate: " + text, ObjectID: &objectRef{"Certificate", id}}
			continue
		}
		p.served.add(pair, false)
		if chosen == nil || preferred == "" || id == preferred {
			chosen = pair
		}
	}
	if chosen == nil {
		chosen, _ = selfSigned("localhost")
	}
	p.certificate = chosen
	return fault
}

// MountCertificate replaces the files that 0.15 reads at its start and at a reload.
func (s *Server) MountCertificate(certificate, key []byte) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	s.mounted = &[2][]byte{certificate, key}
	return nil
}

// MountedCertificate is what those files hold.
func (s *Server) MountedCertificate() (certificate, key []byte, err error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if s.mounted == nil {
		return nil, nil, errors.New("stalwarttest: no files of a certificate")
	}
	return s.mounted[0], s.mounted[1], nil
}

// loadMounted reads the files of 0.15. The names of an earlier certificate stay in use
// with it (observed on 0.15.5 and stalwart-lite).
func (s *Server) loadMounted(p *process) (fault string) {
	if s.mounted == nil && s.opts.Certificate != nil {
		certificate, key := pemPair(s.opts.Certificate)
		s.mounted = &[2][]byte{[]byte(certificate), []byte(key)}
	}
	if s.mounted == nil {
		return ""
	}
	pair, fault := pairOf(s.mounted[0], s.mounted[1])
	if fault == "" {
		p.certificate = pair
		p.served.add(pair, true)
	}
	return fault
}
