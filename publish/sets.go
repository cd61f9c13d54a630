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
func (i id) isKey() bool { return zone.Record{Name: i.name, Type: i.kind}.Kind() == zone.KindDKIM }

func (i id) isAddress() bool { return i.kind == "A" || i.kind == "AAAA" }

// inOrder puts addresses before what points at them, in reverse where sets are taken
// away: BIND refuses an MX whose host has no address in the zone.
func inOrder(sets []set, reverse bool) []set {
	first := func(s set) int {
		if s.isAddress() != reverse {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(sets, func(a, b set) int { return cmp.Compare(first(a), first(b)) })
	return sets
}

// homeless reports whether no address at all is wanted. A load balancer that is being
// made anew has none for a while, and a mail host without an address is never what
// somebody wants: what is published stays.
func homeless(sets []set) bool {
	return !slices.ContainsFunc(sets, func(s set) bool { return s.isAddress() })
}

// kept tells people what stays, and why: addresses that nothing tells any more, and keys
// that mail on its way was signed with.
func kept(result watcher.Result, addresses, keys []string) watcher.Result {
	switch {
	case len(addresses) > 0:
		result.Reason = ReasonAddressKept
		result.Message = "nothing tells the address of the mail host now, so what is published stays: " + strings.Join(addresses, ", ")
	case len(keys) > 0:
		result.Reason = ReasonKeyKept
		result.Message = "Stalwart has these keys no more, and mail that they signed may be on its way, so they stay published for now: " + strings.Join(keys, ", ")
	}
	return result
}

// advice is what a person is told about records that stand in the way of ours: for an
// SPF or DMARC what would serve both.
func (s set) advice(theirs ...string) string {
	text := fmt.Sprintf("the %s is not ours: %q", s.id, zone.Shown(strings.Join(theirs, ", ")))
	ours := strings.Join(s.values(), ", ")
	merged := zone.Suggested(zone.Finding{Record: s.records[0], Got: theirs})
	if merged.Value == s.records[0].Value {
		return text + "; ours would be: " + ours
	}
	return strings.Join(append([]string{text, "set by hand: " + zone.Shown(merged.Value)}, merged.Warnings...), "; ")
}
