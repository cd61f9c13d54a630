package dkimwatch

import (
	"cmp"
	"slices"
	"time"

	"github.com/openova-io/smtp-mirror/dnsrecords"
	"github.com/openova-io/smtp-mirror/stalwart"
)

// Stages of a key (Stalwart's words). A retired key is not published any more.
const (
	StageActive   = "active"
	StagePending  = "pending"
	StageRetiring = "retiring"
)

// MountedKey is the public half of a private key in the mounted directory.
type MountedKey struct {
	Selector  string // the file's name without its extension
	Algorithm string
	PublicKey string
}

// Desired is our part of the two documents.
type Desired struct {
	DKIM *dnsrecords.DKIM // nil: there is no active key
	Keys []dnsrecords.Key
	Live []dnsrecords.Key // those of them that Stalwart has

	Records []dnsrecords.Record // the whole zone
	Page    string              // the same for people
}

// Desire computes our part: every key that must be found in the DNS, and the one
// that older tools publish, which is the newest active Ed25519 key, else the
// newest active RSA key.
func Desire(domain string, keys []stalwart.DKIMKey, mounted []MountedKey) Desired {
	var d Desired
	for _, k := range keys {
		if stageRank(k.Stage) > 0 {
			d.Keys = append(d.Keys, dnsrecords.NewKey(domain, k.Selector, k.Algorithm, k.PublicKey, k.Stage))
		}
	}
	for _, m := range Strangers(keys, mounted) {
		d.Keys = append(d.Keys, dnsrecords.NewKey(domain, m.Selector, m.Algorithm, m.PublicKey, StagePending))
	}
	slices.SortFunc(d.Keys, func(a, b dnsrecords.Key) int {
		return cmp.Or(cmp.Compare(stageRank(a.Stage), stageRank(b.Stage)), cmp.Compare(a.Algorithm, b.Algorithm),
			cmp.Compare(a.Selector, b.Selector), cmp.Compare(a.PublicKey, b.PublicKey))
	})
	if best := primary(keys); best != nil {
		d.DKIM = &dnsrecords.DKIM{Selector: best.Selector, Name: dnsrecords.Name(best.Selector, domain), Algorithm: best.Algorithm, PublicKey: best.PublicKey}
	}
	return d
}

// stageRank orders the stages that are listed; 0 is a stage that is not.
func stageRank(stage string) int {
	return slices.Index([]string{"", StageActive, StagePending, StageRetiring}, stage)
}

// primary picks the newest active key, Ed25519 first. 0.15 tells no times; its
// selectors begin with year and month, so the greatest is the newest.
func primary(keys []stalwart.DKIMKey) *stalwart.DKIMKey {
	var best *stalwart.DKIMKey
	for _, k := range keys {
		if k.Stage == StageActive && (best == nil || newer(k, *best)) {
			best = &k
		}
	}
	return best
}

func newer(a, b stalwart.DKIMKey) bool {
	if a.Algorithm != b.Algorithm {
		return a.Algorithm == dnsrecords.Ed25519SHA256
	}
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.Selector, b.Selector), cmp.Compare(a.PublicKey, b.PublicKey)) > 0
}

// Strangers are the mounted keys that Stalwart does not hold, compared by key
// bytes: a selector may be the same and the key another.
func Strangers(keys []stalwart.DKIMKey, mounted []MountedKey) []MountedKey {
	return slices.DeleteFunc(slices.Clone(mounted), func(m MountedKey) bool {
		return slices.ContainsFunc(keys, func(k stalwart.DKIMKey) bool { return k.PublicKey == m.PublicKey })
	})
}

// Overthrown names the recorded keys in whose place there are others now: the same
// selector with other bytes, or not one key that is left. That is a data volume that
// was lost, and no rotation, which keeps the old key for a while.
func Overthrown(before, now []dnsrecords.Key) []string {
	kept := slices.ContainsFunc(before, func(k dnsrecords.Key) bool { return has(now, k) })
	var names []string
	for _, k := range before {
		replaced := slices.ContainsFunc(now, func(n dnsrecords.Key) bool { return n.Selector == k.Selector && n.PublicKey != k.PublicKey })
		if k.PublicKey != "" && k.Stage != StagePending && !has(now, k) && (replaced || !kept && len(now) > 0) {
			names = append(names, k.Name)
		}
	}
	return names
}

func has(keys []dnsrecords.Key, k dnsrecords.Key) bool {
	return slices.ContainsFunc(keys, func(n dnsrecords.Key) bool { return n.Selector == k.Selector && n.PublicKey == k.PublicKey })
}

// union adds the keys of before that are not among those of now.
func union(now, before []MountedKey) []MountedKey {
	all := slices.Clone(now)
	for _, m := range before {
		if !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return all
}

// keysDue is how long after its creation a domain's own keys may still be on
// their way: Stalwart makes an RSA key in the background.
const keysDue = 2 * time.Minute

// Pending reports whether Stalwart will make keys for the domain by itself in a
// moment: it is young, automatic, and has fewer keys than the two that it makes.
func Pending(d stalwart.Domain, keys int, now time.Time) bool {
	return d.DKIMAutomatic && keys < 2 && now.Sub(d.CreatedAt) < keysDue
}
