package zone

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Merged is what a person should publish in the place of a record that is not ours.
type Merged struct {
	Value    string
	Warnings []string // for people
}

// MergeSPF adds our terms to an SPF record that somebody else wrote. They come
// first, where no term of his can reject or cost lookups before them; his terms and
// his policy (all, redirect) stay. A record that lists nothing but what ours lists is
// replaced by ours. An error says that one of the two is no SPF record.
func MergeSPF(existing, ours string) (Merged, error) {
	theirs, err := ParseSPF(existing)
	want, err2 := ParseSPF(ours)
	if err := errors.Join(err, err2); err != nil {
		return Merged{}, fmt.Errorf("merging SPF: %w", err)
	}
	merged := want
	if foreign := foreignTerms(theirs, want); len(foreign) > 0 {
		merged = mergeTerms(theirs, want)
	}
	return Merged{Value: merged.String(), Warnings: spfWarnings(merged)}, nil
}

// foreignTerms are those that ours does not have; "all" is a policy and no sender.
func foreignTerms(theirs, ours SPF) SPF {
	return slices.DeleteFunc(slices.Clone(theirs), func(t Term) bool { return t.Name == "all" || slices.Contains(ours, t) })
}

func mergeTerms(theirs, ours SPF) SPF {
	var front, policy SPF
	for _, t := range ours {
		switch {
		case t.Name == "all" || t.Qualifier == "":
			policy = append(policy, t)
		case !passesEarly(theirs, t):
			front = append(front, t)
		}
	}
	var merged SPF
	for _, t := range append(front, theirs...) {
		if !slices.Contains(merged, t) { // the second of two equal terms never matters
			merged = append(merged, t)
		}
	}
	if slices.ContainsFunc(theirs, func(t Term) bool { return t.Name == "all" || t.Name == "redirect" }) {
		return merged
	}
	return append(merged, policy...)
}

// passesEarly reports whether a term stands before every other that may reject.
func passesEarly(theirs SPF, want Term) bool {
	for _, t := range theirs {
		if t == want {
			return true
		}
		if t.Qualifier != "+" && t.Qualifier != "" {
			return false
		}
	}
	return false
}

func spfWarnings(s SPF) []string {
	var all []string
	switch n := s.Lookups(); {
	case n > SPFLimit:
		all = append(all, fmt.Sprintf("%d terms ask the DNS and %d may: receivers answer permerror. Replace a, mx or include by ip4 and ip6, or drop one", n, SPFLimit))
	case slices.ContainsFunc(s, func(t Term) bool { return t.Name == "include" || t.Name == "redirect" }):
		all = append(all, fmt.Sprintf("%d of the %d terms that may ask the DNS stand here; those of the included records count as well", n, SPFLimit))
	}
	if slices.Contains(s, Term{"+", "all", ""}) {
		all = append(all, "+all lets everybody send as this domain")
	}
	return all
}

// MergeDMARC adds our address for reports to a DMARC record that somebody else
// wrote; his policy and his other tags stay. A record that says nothing but what ours
// says, apart from the policy, is replaced by ours. An error says that one of the two
// is no DMARC record.
func MergeDMARC(existing, ours string) (Merged, error) {
	theirs, ok := parseDMARC(existing)
	want, ok2 := parseDMARC(ours)
	if !ok || !ok2 {
		return Merged{}, ErrDMARC
	}
	if !foreignTags(theirs, want) {
		return Merged{Value: want.String()}, nil
	}
	reports := theirs.list("rua", ",")
	for _, uri := range want.list("rua", ",") {
		if !containsURI(reports, uri) {
			reports = append(reports, uri)
		}
	}
	merged := slices.Clone(theirs)
	if len(reports) > 0 {
		merged = merged.set("rua", strings.Join(reports, ","))
	}
	return Merged{Value: merged.String(), Warnings: dmarcWarnings(theirs, want)}, nil
}

// foreignTags reports whether a record says what ours does not say: an address, or a
// tag other than the policy.
func foreignTags(theirs, ours Tags) bool {
	for _, t := range theirs {
		if v, ok := ours.Get(t.Name); t.Name != "p" && t.Name != "rua" && (!ok || v != t.Value) {
			return true
		}
	}
	wanted := ours.list("rua", ",")
	return slices.ContainsFunc(theirs.list("rua", ","), func(uri string) bool { return !containsURI(wanted, uri) })
}

func containsURI(all []string, uri string) bool {
	return slices.ContainsFunc(all, func(o string) bool { return strings.EqualFold(o, uri) })
}

func dmarcWarnings(theirs, ours Tags) []string {
	his, _ := theirs.Get("p")
	if mine, _ := ours.Get("p"); his != mine {
		return []string{fmt.Sprintf("the policy stays %s, configured is %s", Shown(his), Shown(mine))}
	}
	return nil
}
