package dnsrecords

import (
	"strings"
)

// The algorithms of RFC 6376 and RFC 8463, by their names in a signature.
const (
	RSASHA256     = "rsa-sha256"
	Ed25519SHA256 = "ed25519-sha256"
)

// maxString is the longest character-string of a TXT record (RFC 1035, section
// 3.3.14).
const maxString = 255

// Key is an entry of dkimKeys: a key record in every form that people need.
type Key struct {
	Selector  string   `json:"selector"`
	Name      string   `json:"name"`      // <selector>._domainkey.<domain>
	Algorithm string   `json:"algorithm"` // RSASHA256 or Ed25519SHA256
	PublicKey string   `json:"publicKey"` // the p= tag
	Stage     string   `json:"stage"`     // active, pending, retiring
	TXT       string   `json:"txt"`       // the record's value as one string
	TXTChunks []string `json:"txtChunks"` // the same in strings of at most 255 bytes
	Bind      string   `json:"bind"`      // the same as a line of a zone file
}

// NewKey computes every form of a key record.
func NewKey(domain, selector, algorithm, publicKey, stage string) Key {
	k := Key{Selector: selector, Algorithm: algorithm, PublicKey: publicKey, Stage: stage}
	k.Name = Name(selector, domain)
	k.TXT = "v=DKIM1; k=" + strings.TrimSuffix(algorithm, "-sha256") + "; h=sha256; p=" + publicKey
	k.TXTChunks = chunks(k.TXT)
	k.Bind = k.Name + ". IN TXT ( " + quote(k.TXTChunks) + " )"
	if len(k.TXTChunks) == 1 {
		k.Bind = k.Name + ". IN TXT " + quote(k.TXTChunks)
	}
	return k
}

// Name is the owner name of a selector's record (RFC 6376, section 3.6.2.1).
func Name(selector, domain string) string { return selector + "._domainkey." + domain }

func chunks(text string) []string {
	var all []string
	for len(text) > maxString {
		all = append(all, text[:maxString])
		text = text[maxString:]
	}
	return append(all, text)
}

// quote writes character-strings as a zone file does (RFC 1035, section 5.1).
func quote(all []string) string {
	quoted := make([]string, len(all))
	for i, s := range all {
		quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
	}
	return strings.Join(quoted, " ")
}
