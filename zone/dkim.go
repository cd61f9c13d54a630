package zone

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
)

// ErrDKIM says that a text is no DKIM key record.
var ErrDKIM = errors.New("not a DKIM key record")

// DKIM is a key record (RFC 6376, section 3.6.1), without the tags that nobody needs.
type DKIM struct {
	KeyType  string   // "rsa" or "ed25519" (RFC 8463)
	Hashes   []string // h=; none: every hash
	Services []string // s=; none: every service
	Flags    []string // t=: "y" is testing, "s" forbids subdomains in i=
	Notes    string   // n=
	Key      []byte   // p=, decoded; empty: the key is revoked
}

// ParseDKIM reads a key record as a verifier does: without v= it may be one, white
// space within p= means nothing, unknown tags are skipped.
func ParseDKIM(text string) (DKIM, error) {
	tags, err := ParseTags(text)
	if err != nil {
		return DKIM{}, errors.Join(ErrDKIM, err)
	}
	if v, ok := tags.Get("v"); ok && (v != "DKIM1" || tags[0].Name != "v") {
		return DKIM{}, ErrDKIM
	}
	p, ok := tags.Get("p")
	key, err := base64.StdEncoding.DecodeString(withoutSpace(p))
	if !ok || err != nil {
		return DKIM{}, ErrDKIM
	}
	d := DKIM{KeyType: "rsa", Hashes: tags.list("h", ":"), Services: tags.list("s", ":"), Flags: tags.list("t", ":"), Key: key}
	if k, ok := tags.Get("k"); ok {
		d.KeyType = k
	}
	d.Notes, _ = tags.Get("n")
	_, hashes := tags.Get("h")
	_, services := tags.Get("s")
	if hashes && len(d.Hashes) == 0 || services && len(d.Services) == 0 {
		return DKIM{}, ErrDKIM // it allows nothing, or all: verifiers differ
	}
	return d, nil
}

func withoutSpace(text string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(fws, r) {
			return -1
		}
		return r
	}, text)
}

// String is the record's value, in the form in which records.json always had it.
func (d DKIM) String() string {
	tags := Tags{{"v", "DKIM1"}, {"k", d.KeyType}}
	for _, t := range []Tag{{"h", strings.Join(d.Hashes, ":")}, {"s", strings.Join(d.Services, ":")}, {"t", strings.Join(d.Flags, ":")}, {"n", d.Notes}} {
		if t.Value != "" {
			tags = append(tags, t)
		}
	}
	return append(tags, Tag{"p", base64.StdEncoding.EncodeToString(d.Key)}).String()
}

// Revoked reports whether the record says that its key is not used any more.
func (d DKIM) Revoked() bool { return len(d.Key) == 0 }

// verifies reports whether signatures that the wanted record verifies are verified
// with this one as well: the same key, for mail, with SHA-256.
func (d DKIM) verifies(want DKIM) bool {
	return d.KeyType == want.KeyType && bytes.Equal(d.Key, want.Key) &&
		(len(d.Hashes) == 0 || slices.Contains(d.Hashes, "sha256")) &&
		(len(d.Services) == 0 || slices.Contains(d.Services, "*") || slices.Contains(d.Services, "email"))
}

// notes are the flags that a person should know of.
func (d DKIM) notes() []string {
	var all []string
	if slices.Contains(d.Flags, "y") {
		all = append(all, "t=y: the record says that DKIM is only tried, and receivers may ignore it")
	}
	if slices.Contains(d.Flags, "s") {
		all = append(all, "t=s: signatures for a subdomain (i=) do not count")
	}
	return all
}
