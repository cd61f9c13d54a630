package publish

import (
	"slices"
	"strings"

	"github.com/openova-io/smtp-mirror/zone"
)

// step is what is done to one RRset: only these records, whatever else is in it.
type step struct {
	add, remove  []zone.Record
	mark, unmark []mark
	foreign      string // the value of somebody else that stands in the way, "" = none
	others       int    // how many values of others are there
	displaced    int    // how many of them are removed
}

func (s step) empty() bool {
	return len(s.add)+len(s.remove)+len(s.mark)+len(s.unmark) == 0
}

// decide compares what is there with what is wanted; alias is a CNAME that is there
// instead, "" for none. A record of somebody else is
// never removed, with one exception: a DKIM selector that is ours by its marker is a
// name that we made up, so that another key there is a mistake or an attack.
func decide(i id, observed, wanted []zone.Record, alias string, owned map[mark]bool) step {
	s := step{}
	mine := ownedIDs(owned)[i]
	var ours, others []zone.Record
	for _, o := range observed {
		switch isOurs := owned[markOf(o)]; {
		case isOurs:
			ours = append(ours, o)
		case i.isKey() && mine && !holds(wanted, o):
			s.remove = append(s.remove, o)
			s.displaced++
		default:
			others = append(others, o)
		}
	}
	s.others = len(others) + s.displaced
	lacking := unserved(observed, others, wanted)
	if len(lacking) > 0 {
		s.foreign = obstacle(i, others, wanted)
	}
	if alias != "" && len(wanted) > 0 {
		s.foreign = alias
	}
	s.stale(i, observed, ours, wanted, owned)
	if s.foreign == "" || len(ours) > 0 {
		s.missing(observed, others, wanted, lacking, owned)
	}
	return s
}

// stale takes back what is ours and not wanted any more.
func (s *step) stale(i id, observed, ours, wanted []zone.Record, owned map[mark]bool) {
	for _, o := range ours {
		if !holds(wanted, o) {
			s.remove = append(s.remove, o)
		}
	}
	for m := range owned {
		is := func(r zone.Record) bool { return markOf(r) == m }
		gone := !slices.ContainsFunc(observed, is)
		if m.id() == i && !slices.ContainsFunc(wanted, is) && (gone || slices.ContainsFunc(ours, is)) {
			s.unmark = append(s.unmark, m)
		}
	}
	slices.SortFunc(s.unmark, func(a, b mark) int { return strings.Compare(a.String(), b.String()) })
}

// unserved are the records that what will stay there does not stand for. A person may
// have merged ours into his, as he was told to: then his is enough, it is in nobody's
// way, and ours beside it would be one too many.
func unserved(observed, others, wanted []zone.Record) []zone.Record {
	var values []string
	for _, o := range observed {
		if holds(wanted, o) || holds(others, o) {
			values = append(values, o.Value)
		}
	}
	return slices.DeleteFunc(slices.Clone(wanted), func(w zone.Record) bool { return serves(values, w) })
}

// serves reports whether the values of a set are as good as a record, in the sense in
// which it is looked for in the public DNS.
func serves(values []string, w zone.Record) bool {
	return zone.Judge(w, []zone.Answer{{Code: "NOERROR", Values: values}}) == zone.Published
}

// missing adds what is wanted and not there. In a set that is all ours a TTL that
// differs is mended too; in a shared one the TTL is that of the others (RFC 2181,
// section 5.2: a set has one).
func (s *step) missing(observed, others, wanted, lacking []zone.Record, owned map[mark]bool) {
	shared := slices.DeleteFunc(slices.Clone(others), func(o zone.Record) bool { return holds(wanted, o) })
	for _, w := range wanted {
		there := slices.IndexFunc(observed, func(o zone.Record) bool { return o.Value == w.Value })
		if len(shared) > 0 {
			w.TTL = shared[0].TTL
		}
		isOurs := owned[markOf(w)]
		switch {
		case there < 0 && holds(lacking, w):
			s.add = append(s.add, w)
			if !isOurs {
				s.mark = append(s.mark, markOf(w))
			}
		case there >= 0 && isOurs && len(others) == 0 && observed[there].TTL != w.TTL:
			s.add = append(s.add, w)
		}
	}
}

// obstacle is a value of somebody else beside which ours must not stand: receivers
// would see two policies, two keys, two hosts.
func obstacle(i id, others, wanted []zone.Record) string {
	if len(wanted) == 0 {
		return ""
	}
	for _, o := range others {
		if !holds(wanted, o) && excludes(i, o, wanted[0]) {
			return o.Value
		}
	}
	return ""
}

// excludes reports whether a value of somebody else forbids ours in the same set. The
// TXT set of a host or a domain is everybody's: only another SPF is in the way there.
// Any one TLSA of a set may match (RFC 7671, section 5.1).
func excludes(i id, other, ours zone.Record) bool {
	switch {
	case i.kind == "TLSA":
		return false
	case i.kind == "TXT" && !strings.HasPrefix(i.name, "_") && !i.isKey():
		return other.Kind() == zone.KindSPF && ours.Kind() == zone.KindSPF
	}
	return true
}

func holds(records []zone.Record, r zone.Record) bool {
	return slices.ContainsFunc(records, func(o zone.Record) bool { return o.Value == r.Value })
}
