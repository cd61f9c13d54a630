package stalwart

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// Certificate is one that Stalwart keeps in its store (0.16). What it serves is told
// by a handshake only.
type Certificate struct {
	ID       string
	Leaf     string // [Fingerprint] of the leaf; "" where Stalwart reads it from a file or a variable
	Chain    string // [ChainFingerprint] of all, likewise
	Names    []string
	NotAfter time.Time
	Default  bool   // for clients that name no host
	Owner    string // who made it, where that was a controller of ours; "" = somebody else
}

// NewCertificate is a certificate to be installed.
type NewCertificate struct {
	Chain []byte // PEM, the leaf first
	Key   redact.Secret
	Owner string // one word
}

// Fingerprint is the SHA-256 of a certificate, in hex.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// ChainFingerprint is the SHA-256 of a leaf and its intermediates. A root at the end says
// nothing to anybody, and is left out.
func ChainFingerprint(chain []*x509.Certificate) string {
	sum := sha256.New()
	for i, c := range chain {
		if i == 0 || !bytes.Equal(c.RawIssuer, c.RawSubject) {
			sum.Write(c.Raw)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// certificateMark begins the text of a certificate that we have made: x:Certificate has
// no field for a note, PEM has room for one (RFC 7468, section 2), and Stalwart keeps
// it as it is. Somebody else's certificate in the same object has no such line, or one
// of another leaf.
const certificateMark = "smtp-mirror made this: owner="

const certificateMarkLeaf = " leaf="

func (n NewCertificate) text() string {
	text := string(n.Chain)
	return certificateMark + n.Owner + certificateMarkLeaf + readCertificate(text).Leaf + "\n" + text
}

// readCertificate is what a PEM text itself tells of a certificate: its fingerprints, ""
// where there is none in it, and the owner that its mark names, "" where there is no mark
// or one of another leaf.
func readCertificate(text string) Certificate {
	chain := chainOf(text)
	if len(chain) == 0 {
		return Certificate{}
	}
	c := Certificate{Leaf: Fingerprint(chain[0].Raw), Chain: ChainFingerprint(chain)}
	line, _, _ := strings.Cut(text, "\n")
	marked, ours := strings.CutPrefix(line, certificateMark)
	if owner, leaf, _ := strings.Cut(marked, certificateMarkLeaf); ours && leaf == c.Leaf {
		c.Owner = owner
	}
	return c
}

// chainOf are the certificates of a PEM text, up to one that cannot be read.
func chainOf(text string) []*x509.Certificate {
	var chain []*x509.Certificate
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			break
		}
		chain = append(chain, c)
	}
	return chain
}
