// Package submission holds the nouns of mail submission (RFC 6409) that flow
// through the program: the [Credentials] a consumer logs in with, and the
// [Proof] that a login with them was accepted.
//
// The SOURCE is the Secret in Stalwart's namespace that says how to submit mail:
// five fields, one unit. They are read together, judged together, proven
// together and mirrored together; a source in which one field is wrong is no
// source at all, and the error names the field by its key.
package submission

import (
	"fmt"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// The keys of the SOURCE (and of the mirror's canonical shape).
const (
	KeyHost = "smtp-host"
	KeyPort = "smtp-port"
	KeyFrom = "smtp-from"
	KeyUser = "smtp-user"
	KeyPass = "smtp-pass"
)

// Keys lists the five fields in the order in which they are checked.
func Keys() []string { return []string{KeyHost, KeyPort, KeyFrom, KeyUser, KeyPass} }

// Credentials are the five fields of the SOURCE, already checked.
type Credentials struct {
	Host     string        // name that consumers dial, and that the certificate must cover
	Port     uint16        // 587 STARTTLS, 465 implicit TLS
	From     string        // reverse-path of the system mail, an address of the domain
	User     string        // SASL authentication identity, byte for byte
	Password redact.Secret // SASL PLAIN password, byte for byte
}

// Equal compares all five fields.
func (c Credentials) Equal(o Credentials) bool {
	return c.Host == o.Host && c.Port == o.Port && c.From == o.From && c.User == o.User && c.Password.Equal(o.Password)
}

// ImplicitTLS reports whether consumers speak TLS from the first byte
// (RFC 8314, port 465) instead of STARTTLS.
func (c Credentials) ImplicitTLS() bool { return c.Port == 465 }

// FieldError says which key of the SOURCE is wrong and why. It never holds the
// value of the key.
type FieldError struct {
	Key     string
	Problem string
}

func (e *FieldError) Error() string { return e.Key + " " + e.Problem }

// Reason is a heading of the runbook.
func (e *FieldError) Reason() string { return ReasonSourceInvalid }

// Hold makes it a wait: only a change of the SOURCE ends it, and that wakes.
func (e *FieldError) Hold() time.Duration { return 0 }

// MissingError says that the SOURCE does not exist.
type MissingError struct{ Namespace, Name string }

func (e *MissingError) Error() string {
	return "the secret " + e.Namespace + "/" + e.Name + " does not exist"
}

// Reason is a heading of the runbook.
func (e *MissingError) Reason() string { return ReasonSourceMissing }

// Hold makes it a wait, like [FieldError].
func (e *MissingError) Hold() time.Duration { return 0 }

// The reasons of a SOURCE that cannot be used.
const (
	ReasonSourceMissing = "SourceMissing"
	ReasonSourceInvalid = "SourceInvalid"
)

// FromSecret reads and checks the data of the SOURCE. The first bad field, in
// the order of [Keys], comes back as a *[FieldError].
func FromSecret(data map[string][]byte, domain string) (Credentials, error) {
	for _, key := range Keys() {
		problem := lineProblem(data, key)
		if problem != "" {
			return Credentials{}, &FieldError{Key: key, Problem: problem}
		}
	}
	port, err := strconv.ParseUint(string(data[KeyPort]), 10, 16)
	if err != nil || port == 0 || strconv.FormatUint(port, 10) != string(data[KeyPort]) {
		return Credentials{}, &FieldError{Key: KeyPort, Problem: "is not a port from 1 to 65535"}
	}
	host, from := string(data[KeyHost]), string(data[KeyFrom])
	if !hostLike(host) {
		return Credentials{}, &FieldError{Key: KeyHost, Problem: "is not a host name or an IP address"}
	}
	if _, d, ok := SplitAddress(from); !ok || !strings.EqualFold(d, domain) {
		return Credentials{}, &FieldError{Key: KeyFrom, Problem: fmt.Sprintf("is not an address of %s", domain)}
	}
	return Credentials{Host: host, Port: uint16(port), From: from, User: string(data[KeyUser]), Password: redact.New(string(data[KeyPass]))}, nil
}

// lineProblem says what is wrong with a field as a line of text: every one of
// them ends up in a protocol where CR, LF and NUL are separators.
func lineProblem(data map[string][]byte, key string) string {
	value, ok := data[key]
	switch {
	case !ok:
		return "is missing"
	case len(value) == 0:
		return "is empty"
	case slices.ContainsFunc(value, func(b byte) bool { return b == '\r' || b == '\n' || b == 0 }):
		return "contains a line break or a NUL byte"
	case key != KeyPass && strings.TrimSpace(string(value)) != string(value):
		return "begins or ends with white space"
	}
	return ""
}

// hostLike accepts what a dialer may be given as a host: letters, digits,
// dots, hyphens, underscores, and the colons of an IPv6 address.
func hostLike(host string) bool {
	return !strings.ContainsFunc(host, func(r rune) bool {
		return !(r == '.' || r == '-' || r == '_' || r == ':' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	})
}

// SplitAddress splits a bare mail address (RFC 5321 Mailbox) into local part
// and domain. A display name, angle brackets or a comment is not a bare address.
func SplitAddress(address string) (local, domain string, ok bool) {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Name != "" || parsed.Address != address {
		return "", "", false
	}
	at := strings.LastIndexByte(address, '@')
	return address[:at], address[at+1:], true
}
