package tlscert_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/tlscert"
	"github.com/openova-io/smtp-mirror/watcher"
)

const month = 30 * 24 * time.Hour

// selfSigned makes a pair of any kind of key.
func selfSigned(t testing.TB, key any, public any) (certificate, private []byte) {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(month)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", text)
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// leaks tells whether an error shows a piece of what it is about.
func leaks(err error, fields ...[]byte) bool {
	for _, field := range fields {
		for line := range bytes.Lines(field) {
			if line = bytes.TrimSpace(line); len(line) > 16 && !bytes.HasPrefix(line, []byte("-----")) && strings.Contains(err.Error(), string(line[:16])) {
				return true
			}
		}
	}
	return false
}

// TestWhatIsWrongIsNamed: the field, and nothing of what is in it.
func TestWhatIsWrongIsNamed(t *testing.T) {
	ca := authority(t)
	good, other := issue(t, ca, month, host), issue(t, ca, month, host)
	canary := []byte("canary-of-the-certificate-tests-that-nobody-may-see")
	rows := []struct {
		name, says       string
		certificate, key []byte
	}{
		{"empty", "tls.crt holds no certificate", nil, good.Key},
		{"no PEM", "tls.crt holds no certificate", canary, good.Key},
		{"too long", "tls.crt holds no certificate", append(bytes.Repeat([]byte("\n"), 200<<10), good.Cert...), good.Key},
		{"a key in the certificate's place", "tls.crt holds something that is no certificate", good.Key, good.Key},
		{"half a certificate", "tls.crt cannot be read at its certificate 1", block("CERTIFICATE", canary), good.Key},
		{"the authority first", "tls.crt is out of order: its certificate 1", slices.Concat(ca.PEM(), good.Cert), good.Key},
		{"two leaves", "tls.crt is out of order: its certificate 1", slices.Concat(good.Cert, other.Cert), good.Key},
		{"the authority twice behind another", "tls.crt is out of order: its certificate 2", slices.Concat(good.Cert, ca.PEM(), other.Cert), good.Key},
		{"an authority of the same name", "tls.crt is out of order: its certificate 1", slices.Concat(good.Cert, authority(t).PEM()), good.Key},
		{"another key", "tls.key does not belong", good.Cert, other.Key},
		{"no key", "tls.key holds no private key", good.Cert, nil},
		{"half a key", "tls.key cannot be read", good.Cert, block("PRIVATE KEY", canary)},
		{"an encrypted key", "tls.key is encrypted", good.Cert, block("ENCRYPTED PRIVATE KEY", canary)},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, err := tlscert.Parse(row.certificate, row.key)
			if err == nil || !strings.HasPrefix(err.Error(), row.says) || watcher.ReasonOf(err) != tlscert.ReasonCertificateInvalid {
				t.Errorf("it says %v", err)
			}
			if err != nil && leaks(err, row.certificate, row.key, canary, []byte(base64.StdEncoding.EncodeToString(canary))) {
				t.Error("it shows what is in the fields")
			}
		})
	}
}

func TestWhatIsGoodIsTaken(t *testing.T) {
	ca := authority(t)
	good := issue(t, ca, month, host)
	for name, certificate := range map[string][]byte{
		"a leaf": good.Cert, "with its authority": slices.Concat(good.Cert, ca.PEM()), "behind a note": slices.Concat([]byte("a note\n"), good.Cert),
		"with CRLF": bytes.ReplaceAll(good.Cert, []byte("\n"), []byte("\r\n")),
	} {
		pair, err := tlscert.Parse(certificate, slices.Concat(block("EC PARAMETERS", []byte{6}), good.Key))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := tls.X509KeyPair(pair.Chain, []byte(pair.Key.Reveal())); err != nil {
			t.Errorf("%s: what it gives is no pair", name)
		}
	}
}

// TestKeysThatStalwartDoesNotUse (observed on 0.16.18 and 0.16.3).
func TestKeysThatStalwartDoesNotUse(t *testing.T) {
	short, _ := rsa.GenerateKey(rand.Reader, 1024)
	long, _ := rsa.GenerateKey(rand.Reader, 2048)
	public, private, _ := ed25519.GenerateKey(rand.Reader)
	curve := func(c elliptic.Curve) *ecdsa.PrivateKey {
		key, _ := ecdsa.GenerateKey(c, rand.Reader)
		return key
	}
	odd, even := curve(elliptic.P224()), curve(elliptic.P521())
	for _, row := range []struct {
		name        string
		key, public any
		good        bool
	}{
		{"RSA 1024", short, short.Public(), false}, {"P-224", odd, odd.Public(), false},
		{"RSA 2048", long, long.Public(), true}, {"P-521", even, even.Public(), true}, {"Ed25519", private, public, true},
	} {
		certificate, key := selfSigned(t, row.key, row.public)
		_, err := tlscert.Parse(certificate, key)
		if (err == nil) != row.good || err != nil && !strings.HasPrefix(err.Error(), "tls.key is of a kind") {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

func TestNamesAndTimes(t *testing.T) {
	ca := authority(t)
	now := time.Now()
	for _, row := range []struct {
		name, says string
		names      []string
		at         time.Time
	}{
		{"good", "", []string{"example.test", host}, now},
		{"a wildcard", "", []string{"*.example.test"}, now},
		{"another name", "tls.crt is not for mail.example.test, but for www.example.test", []string{"www.example.test"}, now},
		{"not yet", "tls.crt is valid from", []string{host}, now.Add(-48 * time.Hour)},
		{"not any more", "tls.crt was valid until", []string{host}, now.Add(2 * month)},
	} {
		made := issue(t, ca, month, row.names...)
		pair, err := tlscert.Parse(made.Cert, made.Key)
		if err != nil {
			t.Fatal(err)
		}
		err = pair.Check(host, row.at)
		if (err == nil) != (row.says == "") || err != nil && !strings.HasPrefix(err.Error(), row.says) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// FuzzParse: it is total, what it takes is a pair that TLS takes too, and what it
// refuses it names without showing it.
func FuzzParse(f *testing.F) {
	ca := authority(f)
	good, other := issue(f, ca, month, host), issue(f, ca, month, host)
	for _, certificate := range [][]byte{nil, good.Cert, ca.PEM(), slices.Concat(good.Cert, ca.PEM()), slices.Concat(good.Cert, other.Cert), good.Cert[:200], good.Key} {
		for _, key := range [][]byte{nil, good.Key, other.Key, good.Key[:80], good.Cert} {
			f.Add(certificate, key)
		}
	}
	f.Fuzz(func(t *testing.T, certificate, key []byte) {
		pair, err := tlscert.Parse(certificate, key)
		if err != nil {
			if watcher.ReasonOf(err) != tlscert.ReasonCertificateInvalid || !strings.HasPrefix(err.Error(), "tls.crt ") && !strings.HasPrefix(err.Error(), "tls.key ") {
				t.Errorf("it says %v", err)
			}
			if leaks(err, certificate, key) {
				t.Error("it shows what is in the fields")
			}
			return
		}
		if _, err := tls.X509KeyPair(pair.Chain, []byte(pair.Key.Reveal())); err != nil {
			t.Error("it is no pair for TLS")
		}
		_ = pair.Check(host, time.Now())
	})
}
