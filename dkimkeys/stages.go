package dkimkeys

import (
	"slices"
	"time"
)

// activate brings a key into use once nobody can fail to find it.
func (w *world) activate() (Step, bool) {
	return w.each(func(k Key) (Step, bool) {
		if k.Stage != Pending || k.Revoke || w.there(k) == nil || w.unknown(k) > 0 {
			return Step{}, false
		}
		return Step{Kind: Move, Key: k, To: Active, State: w.State, Why: "every authoritative server answers with " + k.Selector}, true
	})
}

// prove looks for the first real use of a key that has become active.
func (w *world) prove() (Step, bool) {
	return w.each(func(k Key) (Step, bool) {
		if !w.d.Proof || w.revoking() || k.Stage != Active || !k.Used.IsZero() || w.there(k) == nil {
			return Step{}, false
		}
		k.Used = w.now
		return Step{Kind: Prove, Key: k, State: w.State.With(k), Why: k.Selector + " signs its first mail"}, true
	})
}

// revoking reports whether a key has leaked and still signs: nothing waits for a mail
// then.
func (w *world) revoking() bool {
	return slices.ContainsFunc(w.State.Keys, func(k Key) bool { return k.Revoke && k.Stage == Active })
}

// forever is a wait that only an event ends.
const forever = time.Duration(1<<63 - 1)

// unknown is how long somebody may still not find a key. One that was in use is known:
// while it is put back, mail leaves without a signature.
func (w *world) unknown(k Key) time.Duration {
	s := w.Sights[k.Selector]
	if k.Signed && s.Unbroken {
		return 0
	}
	if !s.Published {
		return forever
	}
	return max(0, s.Since.Add(s.Negative).Sub(w.now))
}

// successor is the newest active key of an algorithm, nil where there is none.
func (w *world) successor(algorithm string) *Key {
	var best *Key
	for _, k := range w.State.Keys {
		if k.Algorithm == algorithm && k.Stage == Active && !k.Lost && w.there(k) != nil && (best == nil || !k.Since.Before(best.Since)) {
			best = &k
		}
	}
	return best
}

// retire ends the signing with every active key but the newest.
func (w *world) retire() (Step, bool) {
	return w.each(func(k Key) (Step, bool) {
		best := w.successor(k.Algorithm)
		if k.Stage != Active || best == nil || best.Selector == k.Selector || w.there(k) == nil {
			return Step{}, false
		}
		return Step{Kind: Move, Key: k, To: Retiring, State: w.State, Why: best.Selector + " has taken the place of " + k.Selector}, true
	})
}

// empty revokes a key when no mail signed with it can be on its way any more.
func (w *world) empty() (Step, bool) {
	return w.each(func(k Key) (Step, bool) {
		if k.Stage != Retiring || w.left(k) > 0 {
			return Step{}, false
		}
		if k.Lost {
			k.Stage, k.Since = Retired, w.now
			return Step{Kind: Record, Key: k, State: w.State.With(k), Why: k.Selector + " is retired"}, true
		}
		return Step{Kind: Move, Key: k, To: Retired, State: w.State, Why: "no mail signed with " + k.Selector + " is on its way any more"}, true
	})
}

// left is how long a key stays in its stage.
func (w *world) left(k Key) time.Duration {
	switch {
	case (k.Stage == Retiring || k.Stage == Pending) && k.Revoke: // what is pending has signed nothing
		return 0
	case k.Stage == Retiring:
		return max(0, k.Since.Add(w.d.RetireAfter).Sub(w.now))
	case k.Stage == Retired:
		return max(0, k.Since.Add(w.d.DeleteAfter).Sub(w.now))
	}
	return forever
}

// destroy ends a key, and its record with it.
func (w *world) destroy() (Step, bool) {
	return w.each(func(k Key) (Step, bool) {
		if w.left(k) > 0 || k.Stage == Retiring {
			return Step{}, false
		}
		step := Step{Kind: Destroy, Key: k, State: w.State.without(k.Selector), Why: k.Selector + " has been " + string(k.Stage) + " long enough"}
		if k.Lost {
			step.Kind = Record
		}
		return step, true
	})
}
