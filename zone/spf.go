package zone

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// ErrSPF says that a text is no SPF record that receivers could evaluate.
var ErrSPF = errors.New("not an SPF record")

// SPFLimit is how many terms of a whole evaluation may ask the DNS; with more it
// ends in permerror (RFC 7208, section 4.6.4).
const SPFLimit = 10

// Term is a mechanism or a modifier of an SPF record.
type Term struct {
	Qualifier string // "+", "-", "~", "?"; "" for a modifier
	Name      string // lower case: "all", "include", ..., "redirect", "exp"
	Argument  string // with the sign before it: ":example.test/24", "/24", "=example.test"
}

// SPF is a record of RFC 7208.
type SPF []Term

// ParseSPF reads an SPF record. Mechanisms that do not exist, arguments that cannot
// be, and modifiers that stand twice are errors, as they are for receivers.
func ParseSPF(text string) (SPF, error) {
	if !isSPF(text) {
		return nil, ErrSPF
	}
	all := SPF{}
	for i, word := range strings.Fields(text)[1:] {
		t := parseTerm(word)
		if !t.valid() || t.Qualifier == "" && t.known() && slices.ContainsFunc(all, func(o Term) bool { return o.Name == t.Name }) {
			return nil, fmt.Errorf("%w: at term %d", ErrSPF, i+1)
		}
		all = append(all, t)
	}
	return all, nil
}

// ParseSender reads who else may send: an include: of somebody else's record, an ip4: or
// an ip6:, or an address or a network by itself.
func ParseSender(text string) (Term, error) {
	word := text
	switch host, _, _ := strings.Cut(text, "/"); {
	case network(text, true):
		word = "ip4:" + text
	case network(text, false) && strings.Contains(host, ":"):
		word = "ip6:" + text
	}
	t := parseTerm(word)
	if !t.valid() || t.Qualifier != "+" || !slices.Contains([]string{"ip4", "ip6", "include"}, t.Name) {
		return Term{}, fmt.Errorf("%w: no sender", ErrSPF)
	}
	return t, nil
}

// isSPF tells SPF records from the other TXT records of a name (RFC 7208, section
// 4.5), also those that cannot be evaluated.
func isSPF(text string) bool {
	const version = "v=spf1"
	return len(text) >= len(version) && strings.EqualFold(text[:len(version)], version) && (len(text) == len(version) || text[len(version)] == ' ')
}

func parseTerm(word string) Term {
	end := strings.IndexAny(word, ":/=")
	if end < 0 {
		end = len(word)
	}
	t := Term{Name: strings.ToLower(word[:end]), Argument: argument(word[end:])}
	if strings.HasPrefix(t.Argument, "=") {
		return t
	}
	t.Qualifier = "+"
	if t.Name != "" && strings.Contains("+-~?", t.Name[:1]) {
		t.Qualifier, t.Name = t.Name[:1], t.Name[1:]
	}
	return t
}

// argument is written in lower case, unless it holds a macro, whose case says how it
// is encoded (RFC 7208, section 7.3).
func argument(text string) string {
	if strings.Contains(text, "%") {
		return text
	}
	return strings.ToLower(text)
}

func (t Term) known() bool { return t.Name == "redirect" || t.Name == "exp" }

func (t Term) valid() bool {
	for i := range len(t.Argument) {
		if t.Argument[i] <= ' ' || t.Argument[i] > '~' {
			return false
		}
	}
	value := strings.TrimLeft(t.Argument, ":=")
	switch {
	case t.Qualifier == "":
		return tagName(t.Name[:min(1, len(t.Name))]) && tagName(strings.NewReplacer("-", "", ".", "").Replace(t.Name)) && (value != "" || !t.known())
	case t.Name == "all":
		return t.Argument == ""
	case t.Name == "include" || t.Name == "exists":
		return strings.HasPrefix(t.Argument, ":") && value != ""
	case t.Name == "a" || t.Name == "mx" || t.Name == "ptr":
		return t.Argument == "" || value != ""
	case t.Name == "ip4" || t.Name == "ip6":
		return strings.HasPrefix(t.Argument, ":") && network(value, t.Name == "ip4")
	}
	return false
}

func network(text string, v4 bool) bool {
	if !strings.Contains(text, "/") {
		a, err := netip.ParseAddr(text)
		return err == nil && a.Is4() == v4 && a.Zone() == ""
	}
	p, err := netip.ParsePrefix(text)
	return err == nil && p.Addr().Is4() == v4
}

// String is the term as it is written, "+" left out.
func (t Term) String() string { return strings.TrimPrefix(t.Qualifier, "+") + t.Name + t.Argument }

// String is the record's value.
func (s SPF) String() string {
	out := "v=spf1"
	for _, t := range s {
		out += " " + t.String()
	}
	return out
}

// Lookups counts the terms that ask the DNS, without those of the records that
// include and redirect bring in.
func (s SPF) Lookups() int {
	n := 0
	for _, t := range s {
		if slices.Contains([]string{"include", "a", "mx", "ptr", "exists", "redirect"}, t.Name) {
			n++
		}
	}
	return n
}
