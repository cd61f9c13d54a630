package stalwarttest

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"os"
	"time"
)

// selfSigned makes what a server without a certificate makes at each start:
// nothing a client could pin.
func selfSigned(name string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "rcgen self signed cert"}, DNSNames: []string{name},
		NotBefore: time.Date(1975, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(4096, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// newPushKey makes a public key of the kind that web push shows.
func newPushKey() string {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes())
}

// pemOf reads a value that is given as text or as the path of a file.
func pemOf(v object) []byte {
	if path := str(v["filePath"]); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		return text
	}
	return []byte(str(v["value"]) + str(v["secret"]))
}

func checkCertificate(o object) *setError {
	if str(sub(o["certificate"])["@type"]) == "Text" && parsedCertificate(o) == nil {
		return invalidProperties("Failed to read certificate: Cryptographic error: No certificates found in PEM", "certificate")
	}
	return nil
}

func parsedCertificate(o object) *x509.Certificate {
	block, _ := pem.Decode(pemOf(sub(o["certificate"])))
	if block == nil {
		return nil
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return certificate
}

func deriveCertificate(o object) {
	certificate := parsedCertificate(o)
	if certificate == nil {
		return
	}
	names := object{}
	for _, name := range certificate.DNSNames {
		names[name] = true
	}
	o["subjectAlternativeNames"] = names
	o["notValidBefore"], o["notValidAfter"] = stamp(certificate.NotBefore), stamp(certificate.NotAfter)
	o["issuer"] = certificate.Issuer.String()
}
