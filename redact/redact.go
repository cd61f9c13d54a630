// Package redact keeps secrets from being printed by accident.
//
// A program that mirrors passwords leaks them in the ways nobody plans: a %+v
// of a struct in an error, a slog attribute at debug level, a panic that dumps
// its argument, a JSON status page. This package removes the possibility
// instead of asking for discipline: [Secret] is the only type in which the
// program carries a password or a key, and every standard way of printing one
// yields its length and nothing else.
//
// The bytes live behind a function value, because fmt prints the unexported
// fields of a struct without asking its methods: a string or a []byte field
// would show, a func prints as an address.
package redact

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
)

// Secret is a password, key or token that cannot print itself. The zero value
// is the empty secret. Compare with [Secret.Equal]; == does not compile.
type Secret struct {
	reveal func() string
}

// New wraps a value that must not be printed.
func New(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{reveal: func() string { return value }}
}

// Reveal returns the bytes. Every call is a place to review: only the code that
// writes a Secret object, a request body or an AUTH exchange has a reason.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Len is the length in bytes.
func (s Secret) Len() int { return len(s.Reveal()) }

// Empty reports whether there are no bytes at all.
func (s Secret) Empty() bool { return s.Len() == 0 }

// Equal compares two secrets in time that depends only on their lengths.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// In reports whether some value of a Secret object is exactly these bytes; an empty
// secret is nowhere.
func (s Secret) In(data map[string][]byte) bool {
	for _, value := range data {
		if !s.Empty() && subtle.ConstantTimeCompare([]byte(s.Reveal()), value) == 1 {
			return true
		}
	}
	return false
}

// String gives the length only.
func (s Secret) String() string { return "redacted(" + strconv.Itoa(s.Len()) + ")" }

// GoString gives the length only, for %#v.
func (s Secret) GoString() string { return s.String() }

// Format serves every verb, so that %x and %s are as silent as %v.
func (s Secret) Format(f fmt.State, _ rune) {
	// fmt.State never fails: it is a buffer.
	_, _ = io.WriteString(f, s.String())
}

// MarshalText gives the length only; encoding/json uses it for values and keys.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue gives the length only.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Scrub replaces every occurrence of the secrets in a text that came from
// outside (a server's reply, an error of the API server) before it may be shown.
// Secrets shorter than four bytes are left: replacing them would garble the text
// and their presence proves nothing.
func Scrub(text string, secrets ...Secret) string {
	for _, s := range secrets {
		if s.Len() >= 4 {
			text = strings.ReplaceAll(text, s.Reveal(), s.String())
			text = strings.ReplaceAll(text, escaped(s), s.String())
		}
	}
	return text
}

// escaped is the secret as a quoted request holds it: in the notation of JSON.
func escaped(s Secret) string {
	text, _ := json.Marshal(s.Reveal()) // a string cannot fail
	return string(text[1 : len(text)-1])
}
