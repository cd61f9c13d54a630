package dkimkeys

import (
	"slices"
	"time"

	"github.com/openova-io/smtp-mirror/rotation"
)

// Listed is a key that Stalwart holds, whoever made it.
type Listed struct {
	ID, Selector, Algorithm, PublicKey string
	Stage                              Stage
}

// Sight is what the authoritative servers of the zone say of a key's record.
type Sight struct {
	Published bool          // every one of them answers with exactly these bytes, for long enough
	Unbroken  bool          // every one of them does now, and did whenever we looked
	Since     time.Time     // they all do, without a break, as far as we know
	Negative  time.Duration // how long its absence may be remembered elsewhere
}

// Mounted is a key that somebody wants to be used.
type Mounted struct{ Selector, Algorithm, PublicKey string }

// Observed is everything that a decision is made from.
type Observed struct {
	State  State
	Listed []Listed
	Sights map[string]Sight // by selector
	Taken  []string         // selectors that are recorded somewhere else, whoever has used them
}

// Desired is what the configuration asks for.
type Desired struct {
	Rotate      bool     // we make keys; else only what was mounted is brought into use
	Algorithms  []string // as in package stalwart
	Every       time.Duration
	RetireAfter time.Duration
	DeleteAfter time.Duration
	Request     rotation.Request
	Import      []Mounted
	Proof       bool // a new key's first real use is looked for before the old one goes
	Selector    func(algorithm string, n int, now time.Time) string
}

// Kind is what a step does.
type Kind string

// The steps. Each is one write to Stalwart or none, and one write of the state.
const (
	Rest    Kind = "Rest"    // nothing to do before Wait has passed
	Record  Kind = "Record"  // state only
	Make    Kind = "Make"    // a key pair; the state, then Stalwart, as pending
	Import  Kind = "Import"  // a mounted key: the same
	Restore Kind = "Restore" // a key that Stalwart has lost and we have kept, as pending
	Move    Kind = "Move"    // to another stage in Stalwart; the state follows what is read back
	Settle  Kind = "Settle"  // Stalwart drops its signer cache, then the state
	Prove   Kind = "Prove"   // a mail is sent, then the state
	Destroy Kind = "Destroy" // by its exact id, then the state
)

// Step is what to do next. With Make the key lacks its bytes.
type Step struct {
	Kind  Kind
	Key   Key
	To    Stage // with Move
	State State // afterwards
	Wait  time.Duration
	Why   string // for people
}

// Next decides.
func Next(o Observed, d Desired, now time.Time) Step {
	w := &world{Observed: o, d: d, now: now}
	for _, rule := range []func() (Step, bool){w.asked, w.recognised, w.lost, w.strayed, w.moved, w.activate, w.prove, w.retire, w.empty, w.destroy, w.imported, w.due} {
		if s, ok := rule(); ok {
			return s
		}
	}
	return Step{Kind: Rest, State: o.State, Wait: w.wait()}
}

// world is one decision.
type world struct {
	Observed
	d   Desired
	now time.Time
}

// there gives the key as Stalwart lists it: the same bytes, under the same id where
// one is known.
func (w *world) there(k Key) *Listed {
	i := slices.IndexFunc(w.Listed, func(l Listed) bool {
		return l.PublicKey == k.PublicKey && l.Selector == k.Selector && (k.ID == "" || l.ID == k.ID)
	})
	if i < 0 {
		return nil
	}
	return &w.Listed[i]
}

// each asks a rule for every key.
func (w *world) each(rule func(k Key) (Step, bool)) (Step, bool) {
	for _, k := range w.State.Keys {
		if s, ok := rule(k); ok {
			return s, true
		}
	}
	return Step{}, false
}

// asked writes down a request: what exists then is what it is about.
func (w *world) asked() (Step, bool) {
	if w.d.Request == "" || string(w.d.Request) == w.State.Handled || !w.d.Rotate {
		return Step{}, false
	}
	s := w.State
	s.Handled = string(w.d.Request)
	s.Keys = slices.Clone(s.Keys)
	for i := range s.Keys {
		s.Keys[i].Replace = s.Keys[i].Replace || s.Keys[i].Stage == Active
		s.Keys[i].Revoke = s.Keys[i].Revoke || w.d.Request.Revokes()
	}
	return Step{Kind: Record, State: s, Why: "a rotation is asked for"}, true
}

// recognised takes the id of a key that was made a moment ago.
func (w *world) recognised() (Step, bool) {
	return w.each(func(k Key) (Step, bool) {
		l := w.there(k)
		if k.ID != "" || l == nil {
			return Step{}, false
		}
		k.ID, k.Lost = l.ID, false
		return Step{Kind: Record, Key: k, State: w.State.With(k), Why: k.Selector + " is there"}, true
	})
}

// lost is about a key that Stalwart has no more: it is put back where we have it,
// never came into use, or stays in the DNS for mail on its way. One that was there and
// pending may have signed: it is made to sign before we write that down.
func (w *world) lost() (Step, bool) {
	return w.each(func(k Key) (Step, bool) {
		switch {
		case k.Lost || w.there(k) != nil:
			return Step{}, false
		case w.kept(k) != "" && (k.Stage == Pending || k.Stage == Active):
			k.Signed = k.Signed || k.Stage == Active
			k.ID, k.Stage, k.Since = "", Pending, w.now
			return Step{Kind: w.kept(k), Key: k, State: w.State.With(k), Why: "Stalwart has lost " + k.Selector}, true
		case k.Stage == Pending && k.ID == "" && !k.Signed:
			return Step{Kind: Record, Key: k, State: w.State.without(k.Selector), Why: k.Selector + " was never in use, and is gone"}, true
		}
		if k.Stage == Active || k.Stage == Pending {
			k.Stage, k.Since = Retiring, w.now
		}
		k.ID, k.Lost = "", true
		return Step{Kind: Record, Key: k, State: w.State.With(k), Why: "Stalwart has lost " + k.Selector + "; its record stays for mail on its way"}, true
	})
}

// kept is how a lost key can be put back, "" where its private half is gone.
func (w *world) kept(k Key) Kind {
	if !k.Private.Empty() {
		return Restore
	}
	if slices.Contains(w.d.Import, Mounted{k.Selector, k.Algorithm, k.PublicKey}) {
		return Import
	}
	return ""
}

// strayed moves a key back that somebody has made sign although its record is going,
// or not there yet.
func (w *world) strayed() (Step, bool) {
	return w.each(func(k Key) (Step, bool) {
		l := w.there(k)
		if l == nil || l.Stage != Active || k.Stage != Retired {
			return Step{}, false
		}
		return Step{Kind: Move, Key: k, To: k.Stage, State: w.State, Why: k.Selector + " signs although its record is emptied"}, true
	})
}

// moved follows what is read back. Signers are cached: whatever has become active, or
// is it no more, is unknown to a process whose cache is warm, and the time of a stage
// begins when all of them have dropped theirs. The new key comes before the old one.
func (w *world) moved() (Step, bool) {
	if s, ok := w.each(func(k Key) (Step, bool) { return w.follow(k, true) }); ok {
		return s, true
	}
	return w.each(func(k Key) (Step, bool) { return w.follow(k, false) })
}

// read is the stage that is taken over from Stalwart. A key that somebody else has retired
// goes on in the DNS for as long as any other: mail on its way is signed with it. What is
// pending for us may have signed before we could write that down.
func (w *world) read(k Key, l Listed) Stage {
	if l.Stage == Retired && !k.Revoke && (k.Stage == Active || k.Stage == Pending || k.Stage == Retiring && w.left(k) > 0) {
		return Retiring
	}
	return l.Stage
}

func (w *world) follow(k Key, active bool) (Step, bool) {
	l := w.there(k)
	if l == nil {
		return Step{}, false
	}
	to := w.read(k, *l)
	if to == k.Stage || (to == Active) != active {
		return Step{}, false
	}
	kind := Record
	if k.Stage == Active || to == Active {
		kind = Settle
	}
	k.Stage, k.Since = to, w.now
	return Step{Kind: kind, Key: k, State: w.State.With(k), Why: k.Selector + " is " + string(k.Stage)}, true
}
