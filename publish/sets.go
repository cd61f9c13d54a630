package publish

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/zone"
)

// FieldManager is who applies, in the managed fields of what is applied.
const FieldManager = "smtp-mirror"

// set is an RRset: all records of one name and type.
type set struct {
	id
	records []zone.Record // sorted by value, none twice
}

// id names an RRset.
type id struct{ name, kind string }

func (i id) String() string { return i.kind + " of " + i.name }

func compareIDs(a, b id) int {
	return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.kind, b.kind))
}

// group sorts records into sets, each value in the form in which values are compared.
func group(records []zone.Record) ([]set, error) {
	by := map[id][]zone.Record{}
	for _, r := range records {
		rr, err := r.RR()
		if err != nil {
			return nil, &watcher.HoldError{Why: ReasonRecordInvalid, Text: fmt.Sprintf("the %s of %s that is wanted is no record", r.Type, r.Name)}
		}
		same := zone.FromRR(rr)
		same.Why = r.Why
		i := id{same.Name, same.Type}
		if !slices.ContainsFunc(by[i], func(o zone.Record) bool { return o.Value == same.Value }) {
			by[i] = append(by[i], same)
		}
	}
	all := make([]set, 0, len(by))
	for i, records := range by {
		slices.SortFunc(records, func(a, b zone.Record) int { return strings.Compare(a.Value, b.Value) })
		all = append(all, set{i, records})
	}
	slices.SortFunc(all, func(a, b set) int { return compareIDs(a.id, b.id) })
	return all, nil
}

func (s set) values() []string {
	all := make([]string, 0, len(s.records))
	for _, r := range s.records {
		all = append(all, r.Value)
	}
	return all
}

// isKey reports whether the set is the DKIM record of a selector.
func (i id) isKey() bool { return i.kind == "TXT" && strings.Contains(i.name, "._domainkey.") }

// isDMARC reports whether the set is a domain's policy.
func (i id) isDMARC() bool { return i.kind == "TXT" && strings.HasPrefix(i.name, "_dmarc.") }

// isSPF reports whether a TXT is a sender policy (RFC 7208, section 4.5).
func isSPF(value string) bool {
	version, _, _ := strings.Cut(value, " ")
	return strings.EqualFold(version, "v=spf1")
}

// advice is what a person is told about a record that stands in the way of ours.
func advice(i id, theirs, ours string, merge func(existing, ours string) string) string {
	text := fmt.Sprintf("the %s is not ours: %q", i, zone.Shown(theirs))
	merged := ""
	if merge != nil && (i.isDMARC() || isSPF(ours)) {
		merged = merge(theirs, ours)
	}
	if merged != "" {
		return text + "; set by hand: " + merged
	}
	return text + "; ours would be: " + ours
}
