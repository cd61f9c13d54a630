package dkimwatch

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openova-io/smtp-mirror/dkimkeys"
	"github.com/openova-io/smtp-mirror/dnsrecords"
	"github.com/openova-io/smtp-mirror/zone"
)

// Board is what the DNS must have, and what was seen there. The record keeper says
// what is wanted, the truth seeker what there is; publishers, metrics and the keeper
// of keys read both. Nothing on it is kept: after a start everything is looked at
// anew, and a key waits once more.
type Board struct {
	mu       sync.Mutex
	wanted   []zone.Record
	seen     map[recordID]*sight
	negative time.Duration // how long an absence may be remembered in the zone
	zoned    bool          // somebody has said so
}

// recordID tells a record from one with another value: what was seen of the old one
// says nothing about the new one.
type recordID struct{ name, kind, value string }

func idOf(r zone.Record) recordID { return recordID{r.Name, r.Type, r.Value} }

// sight is what was seen of a record.
type sight struct {
	finding   zone.Finding
	since     time.Time // the verdict stands
	looked    time.Time
	published time.Time // last seen so; zero = never
	broken    bool      // a server was seen to deny it, or to say something else
}

// Want replaces what is wanted, and reports whether that is anything new.
func (b *Board) Want(records []zone.Record) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if slices.Equal(b.wanted, records) {
		return false
	}
	kept := map[recordID]*sight{}
	for _, r := range records {
		if s := b.seen[idOf(r)]; s != nil {
			s.finding.Record = r
			kept[idOf(r)] = s
		}
	}
	b.wanted, b.seen = slices.Clone(records), kept
	return true
}

// Wanted are the records, nil while nobody knows.
func (b *Board) Wanted() []zone.Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.wanted)
}

// Saw takes a finding and gives the verdict before, "" where there was none, and
// whether this look has made a record ripe: it was published for as long as its absence
// may be remembered, and still is.
func (b *Board) Saw(f zone.Finding, now time.Time) (before zone.Verdict, ripe bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	id := idOf(f.Record)
	if !slices.ContainsFunc(b.wanted, func(r zone.Record) bool { return idOf(r) == id }) {
		return f.Verdict, false // it is not wanted any more
	}
	s := b.seen[id]
	if s == nil {
		s = &sight{since: now}
		b.seen[id] = s
	}
	before = s.finding.Verdict
	if before != f.Verdict {
		s.since = now
	}
	switch f.Verdict {
	case zone.Published:
		s.published = now
	case zone.TempError: // says nothing
	default:
		s.broken = true
	}
	was := b.ripe(s)
	s.finding, s.looked = f, now
	return before, !was && b.ripe(s)
}

// ripe reports whether a record was seen published after nobody could remember its
// absence any more.
func (b *Board) ripe(s *sight) bool {
	return s.finding.Verdict == zone.Published && b.zoned && !s.looked.Before(s.since.Add(b.negative))
}

// Forget begins anew, with a term: what was seen in another one may be long past.
func (b *Board) Forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = map[recordID]*sight{}
}

// SawNegative takes how long an absence may be remembered.
func (b *Board) SawNegative(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.negative, b.zoned = max(b.negative, d), true
}

// Due are the records whose next look is due, and how long until the next is, 0
// where nothing is wanted.
func (b *Board) Due(now time.Time) (due []zone.Record, next time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.wanted {
		wait := time.Duration(0)
		if s := b.seen[idOf(r)]; s != nil {
			wait = s.looked.Add(zone.NextLook(s.finding.Verdict, s.looked.Sub(s.since))).Sub(now)
			if s.finding.Verdict == zone.Published && !b.ripe(s) {
				wait = min(wait, s.since.Add(b.negative).Sub(now))
			}
		}
		if wait <= 0 {
			due = append(due, r)
		} else if next == 0 || wait < next {
			next = wait
		}
	}
	return due, next
}

// Hurry makes every look due: something was published.
func (b *Board) Hurry() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.seen {
		if s.finding.Verdict != zone.Published {
			s.looked = time.Time{}
		}
	}
}

// Findings are what was seen of each wanted record, in their order; one that nobody
// has looked at has no verdict.
func (b *Board) Findings() []zone.Finding {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []zone.Finding
	for _, r := range b.wanted {
		f := zone.Finding{Record: r}
		if s := b.seen[idOf(r)]; s != nil {
			f = s.finding
		}
		all = append(all, f)
	}
	return all
}

// LastPublished is when a record was last seen as it should be, zero for never.
func (b *Board) LastPublished(r zone.Record) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.seen[idOf(r)]; s != nil {
		return s.published
	}
	return time.Time{}
}

// Spread tells what every authoritative server says of a record, "" where nobody has looked,
// and how long whoever has asked before may still go on without it: for the time of the
// set, or of its absence.
func (b *Board) Spread(r zone.Record, now time.Time) (verdict zone.Verdict, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.seen[idOf(r)]
	if s == nil || !b.zoned {
		return "", 0
	}
	return s.finding.Verdict, max(0, s.since.Add(max(s.finding.Record.TTL, b.negative)).Sub(now))
}

// Key is what the authoritative servers say of a key's record. Where it is not known
// how long an absence may be remembered, it is not known to be published.
func (b *Board) Key(domain string, l dkimkeys.Listed) dkimkeys.Sight {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := dnsrecords.Name(strings.ToLower(l.Selector), strings.ToLower(domain))
	for id, s := range b.seen {
		if id.name == name && id.kind == "TXT" && l.PublicKey != "" && strings.HasSuffix(id.value, "p="+l.PublicKey) {
			return dkimkeys.Sight{Published: b.ripe(s), Unbroken: s.finding.Verdict == zone.Published && !s.broken, Since: s.since, Negative: b.negative}
		}
	}
	return dkimkeys.Sight{}
}
