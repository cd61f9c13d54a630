package rotation

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// Listed is an app password of ours that Stalwart lists.
type Listed struct {
	ID, Name string
	Expires  time.Time
	Known    time.Duration // how long we have known of it
}

// Observed is everything that a decision is made from.
type Observed struct {
	State    State
	Chosen   bool           // the bytes of an app password are ours to choose (0.15)
	Account  string         // Stalwart's id of the account
	Apps     []Listed       // that are ours by name
	Others   int            // app passwords of the account that are not
	Holding  map[int64]bool // generations that some mirror, or what is rendered from one, holds
	Mirrored map[int64]bool // generations that some mirror holds
	Running  int64          // the lowest generation that a consumer may run on; [Nobody] where none does
	Told     int64          // the highest generation that a consumer was ever told, as far as they still show it
	Blind    bool           // some consumer cannot be asked what it was told
	Password *redact.Secret // what the account's password certainly is; nil = not known
	Refused  int64          // generation whose login was refused although it is there; 0 = none
}

// Nobody runs on any generation.
const Nobody = math.MaxInt64

// Desired is what the SOURCE and the configuration ask for.
type Desired struct {
	Submission string
	User       string
	Source     redact.Secret // the SOURCE's password
	Fresh      redact.Secret // bytes for a new credential, where they are ours to choose
	Issued     bool          // the mirrors hold what we mint, never the SOURCE's password
	Overlap    time.Duration
	Every      time.Duration // issued: renew after about this time; 0 = never
	Lifetime   time.Duration // issued on 0.16: a dead man's switch; 0 = none
	Request    Request
	Window     func(time.Time) time.Time // issued: when renewing is welcome, from a time on; nil = always
}

// Kind is what a step does.
type Kind string

// The steps. Each is one write to Stalwart or none, and one write of the state.
const (
	Rest    Kind = "Rest"    // nothing to do before Wait has passed
	Record  Kind = "Record"  // state only
	SetMain Kind = "SetMain" // the account's password, then the state
	Mint    Kind = "Mint"    // an app password of the server's choice, then the state
	Add     Kind = "Add"     // the state, then an app password of our choice
	Restore Kind = "Restore" // an app password that is lost, with its old bytes
	Destroy Kind = "Destroy" // an app password, then the state
)

// Step is what to do next. State is the state afterwards; with Mint the last
// generation still lacks its id and its password.
type Step struct {
	Kind       Kind
	Generation Generation // that is set, minted, added or restored
	App        Listed     // that is destroyed
	State      State
	Wait       time.Duration // with Rest; 0 = until something changes
	Why        string        // for people; with Rest, what is in the way
}

// Ends gives the secret that stops logging in with a step, nil where none does, or
// none that is known. Nobody may be about to mirror it then.
func (s Step) Ends(before State) *redact.Secret {
	for _, g := range before.Generations {
		replaced := s.Kind == SetMain && g.Slot == Main && g.User == s.Generation.User && !g.Password.Equal(s.Generation.Password)
		if replaced || s.Kind == Destroy && g.Slot == App && g.ID == s.App.ID {
			return &g.Password
		}
	}
	return nil
}

// orphanAge is how long an app password of ours that no state knows is left alone:
// longer than any run of another controller that may just be writing it down.
const orphanAge = 35 * time.Second

// quota is how many app passwords an account of 0.16 may have.
const quota = 5

// Next decides. The same world gives the same step, and a world in which the step
// was carried out gives the next one, until it rests.
func Next(o Observed, d Desired, now time.Time) Step {
	w := newWorld(o, d, now)
	for _, rule := range []func() (Step, bool){w.asked, w.renumber, w.restore, w.free, w.advance, w.mark, w.promote, w.retire, w.orphan} {
		if s, ok := rule(); ok {
			return s
		}
	}
	return w.rest()
}

// world is one decision.
type world struct {
	Observed
	d     Desired
	now   time.Time
	state State // without what is lost
	full  bool  // the server would refuse a new app password
	lost  []Generation
}

func newWorld(o Observed, d Desired, now time.Time) *world {
	w := &world{Observed: o, d: d, now: now, full: !o.Chosen && len(o.Apps)+o.Others >= quota}
	o.State.Last = max(o.reached(o.State.Last, now), numbered(o.Apps, d.Submission)) // what may be lost is not given again
	w.state = o.State.without(func(g Generation) bool {
		gone := w.isLost(g)
		if gone {
			w.lost = append(w.lost, g)
		}
		return gone
	})
	return w
}

// isLost reports whether a generation that must log in does not.
func (w *world) isLost(g Generation) bool {
	if g.Slot == Main || g.User != w.d.User {
		return false
	}
	expired := !g.Expires.IsZero() && !w.now.Before(g.Expires)
	return expired || g.Number == w.Refused || !slices.ContainsFunc(w.Apps, func(a Listed) bool { return a.ID == g.ID })
}

// restore puts a lost app password back where its bytes are ours to choose.
func (w *world) restore() (Step, bool) {
	if !w.Chosen {
		return Step{}, false
	}
	for _, g := range w.lost {
		if g.Number != w.Refused && !g.Password.Empty() && g.Expires.IsZero() && !w.freed(g) {
			return Step{Kind: Restore, Generation: g, State: w.Observed.State, Why: fmt.Sprintf("generation %d was lost", g.Number)}, true
		}
	}
	return Step{}, false
}

// freed reports whether nobody is entitled to a generation any more.
func (w *world) freed(g Generation) bool {
	g.Number = w.state.newest(g)
	switch {
	case g.Number == w.state.Current:
		return false
	case !g.Mirrored:
		return true
	case g.Number <= w.state.Revoked:
		return !w.Mirrored[g.Number] // who still runs on it is not waited for
	}
	return !w.Holding[g.Number] && !g.Left.IsZero() && w.now.Sub(g.Left) >= w.d.Overlap && w.Running > g.Number
}

// free makes room where the server's quota would refuse a new app password.
func (w *world) free() (Step, bool) {
	if !w.full {
		return Step{}, false
	}
	for _, a := range w.Apps {
		if !w.known(a) {
			return w.destroy(a, "the quota is used up, and no generation is kept in "+a.Name), true
		}
	}
	return Step{}, false
}

// known reports whether a generation lives in an app password.
func (w *world) known(a Listed) bool {
	return slices.ContainsFunc(w.state.Generations, func(g Generation) bool { return g.Slot == App && g.ID == a.ID })
}

func (w *world) destroy(a Listed, why string) Step {
	return Step{Kind: Destroy, App: a, Why: why, State: w.state.without(func(g Generation) bool { return g.Slot == App && g.ID == a.ID })}
}

// advance makes the current generation the one that is asked for.
func (w *world) advance() (Step, bool) {
	if w.d.Issued {
		return w.advanceIssued()
	}
	current := w.state.Now()
	if current != nil && w.isSource(*current) {
		return Step{}, false
	}
	for _, g := range w.state.Generations {
		if w.isSource(g) {
			return w.again(g), true
		}
	}
	password := w.state.Password(w.d.User)
	switch {
	case password == nil || w.freed(*password) || w.d.Overlap == 0:
		return w.setMain(), true
	case w.Chosen:
		return w.add(w.d.Source), true
	case !w.full && (current == nil || current.Slot == Main || current.User != w.d.User):
		return w.mint(), true
	}
	return Step{}, false // a bridge carries the consumers until the password is free
}

func (w *world) isSource(g Generation) bool {
	return g.User == w.d.User && g.Password.Equal(w.d.Source)
}

// again makes a generation current that is still there, under a new number: to
// consumers it is another one.
func (w *world) again(g Generation) Step {
	s := w.state.without(func(other Generation) bool { return other.Number == g.Number }).with(g)
	return Step{Kind: Record, Generation: *s.Now(), State: s, Why: "the SOURCE has gone back to bytes that still log in"}
}
