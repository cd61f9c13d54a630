package dkimkeys

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/rotation"
)

// imported brings a mounted key into Stalwart, once: a selector that was used before
// is not used again.
func (w *world) imported() (Step, bool) {
	for _, m := range w.d.Import {
		inUse := slices.Contains(w.State.Used, m.Selector) || slices.ContainsFunc(w.Listed, func(l Listed) bool { return l.PublicKey == m.PublicKey || l.Selector == m.Selector })
		if inUse {
			continue
		}
		k := Key{Selector: m.Selector, Algorithm: m.Algorithm, PublicKey: m.PublicKey, Stage: Pending, Made: w.now, Since: w.now, Imported: true}
		return Step{Kind: Import, Key: k, State: w.State.With(k), Why: "it is mounted"}, true
	}
	return Step{}, false
}

// due makes a key where an algorithm has none that is young enough, one at a time.
func (w *world) due() (Step, bool) {
	if !w.d.Rotate {
		return Step{}, false
	}
	for _, algorithm := range w.d.Algorithms {
		if w.untilDue(algorithm) > 0 {
			continue
		}
		s := w.State.using(w.Taken...).using(w.listedSelectors()...)
		k := Key{Selector: w.fresh(s, algorithm), Algorithm: algorithm, Stage: Pending, Made: w.now, Since: w.now}
		return Step{Kind: Make, Key: k, State: s, Why: w.reason(algorithm)}, true
	}
	return Step{}, false
}

// newest is the key of an algorithm that signs, or is about to, nil where there is
// none.
func (w *world) newest(algorithm string) *Key {
	var best *Key
	for _, k := range w.State.Keys {
		if k.Algorithm == algorithm && (k.Stage == Active || k.Stage == Pending) && !k.Lost && !(k.Stage == Pending && k.Revoke) && (best == nil || k.Made.After(best.Made)) {
			best = &k
		}
	}
	return best
}

// untilDue is how long the newest key of an algorithm is young enough. A rotation
// that is under way goes on: what is pending has not signed yet.
func (w *world) untilDue(algorithm string) time.Duration {
	k := w.newest(algorithm)
	switch {
	case k == nil:
		return 0
	case k.Stage == Pending:
		return forever
	case k.Replace:
		return 0
	case w.d.Every <= 0:
		return forever
	}
	return max(0, k.Made.Add(rotation.Jittered(w.d.Every, k.Selector)).Sub(w.now))
}

func (w *world) reason(algorithm string) string {
	if w.newest(algorithm) == nil {
		return "there is no key of ours for " + algorithm
	}
	return "it is time for a new key for " + algorithm
}

func (w *world) listedSelectors() []string {
	var all []string
	for _, l := range w.Listed {
		all = append(all, l.Selector)
	}
	return all
}

// fresh is a selector that was never used before.
func (w *world) fresh(s State, algorithm string) string {
	for n := 1; ; n++ {
		if selector := w.d.Selector(algorithm, n, w.now); !slices.Contains(s.Used, selector) {
			return selector
		}
	}
}

// wait is how long nothing is to do.
func (w *world) wait() time.Duration {
	wait := forever
	for _, k := range w.State.Keys {
		wait = min(wait, w.left(k))
		if k.Stage == Pending && !k.Revoke {
			wait = min(wait, w.unknown(k))
		}
	}
	for _, algorithm := range w.d.Algorithms {
		if w.d.Rotate {
			wait = min(wait, w.untilDue(algorithm))
		}
	}
	if wait == forever {
		return 0
	}
	return wait
}

// Template makes the function of selectors from a template with {yyyymmdd},
// {algorithm} and {n}. words are the names of the algorithms in it.
func Template(template string, words map[string]string) func(string, int, time.Time) string {
	return func(algorithm string, n int, now time.Time) string {
		return strings.NewReplacer("{yyyymmdd}", now.UTC().Format("20060102"), "{algorithm}", words[algorithm], "{n}", fmt.Sprint(n)).Replace(template)
	}
}
