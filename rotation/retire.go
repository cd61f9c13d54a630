package rotation

import (
	"fmt"
	"slices"
	"time"
)

// mark notes which generations have left the mirrors, and which have come back. One
// that left in the future left before the clock was set back: its time begins anew.
func (w *world) mark() (Step, bool) {
	s := w.state
	s.Generations = slices.Clone(s.Generations)
	changed := len(w.lost) > 0
	for i, g := range s.Generations {
		switch held := w.Holding[g.Number] || g.Number == s.Current; {
		case held && !g.Left.IsZero():
			s.Generations[i].Left, changed = time.Time{}, true
		case !held && (g.Left.IsZero() || g.Left.After(w.now)):
			s.Generations[i].Left, changed = w.now, true
		}
	}
	return Step{Kind: Record, State: s, Why: "what the mirrors hold"}, changed
}

// promote moves the SOURCE's bytes from an app password into the account's
// password, once that is free. They log in at every instant: the app password goes
// afterwards.
func (w *world) promote() (Step, bool) {
	current, password := w.state.Now(), w.state.Password(w.d.User)
	if w.d.Issued || current == nil || !w.isSource(*current) {
		return Step{}, false
	}
	switch twins := w.state.twins(*current); {
	case twins && !w.settled(*current):
		return Step{}, false
	case !twins && (current.Slot != App || password != nil && !w.freed(*password)):
		return Step{}, false
	}
	g := *current
	g.Slot, g.Name, g.ID = Main, "", ""
	s := w.state.without(func(other Generation) bool { return other.same(g) || w.inMain(other) })
	s.Generations = append(s.Generations, g)
	return Step{Kind: SetMain, Generation: g, State: s, Why: "the old password is free"}, true
}

// retire ends an app password that nobody is entitled to any more. Other users'
// generations are only forgotten: their account is not ours to change.
func (w *world) retire() (Step, bool) {
	for _, g := range w.state.Generations {
		if !w.freed(g) || w.inMain(g) {
			continue
		}
		if g.Slot == App {
			s := w.destroy(Listed{ID: g.ID, Name: g.Name}, fmt.Sprintf("generation %d is over", g.Number))
			s.Generation = g
			return s, true
		}
		return Step{Kind: Record, Why: "the user has changed", State: w.state.without(func(other Generation) bool { return other.Number == g.Number })}, true
	}
	return Step{}, false
}

// orphan ends an app password of ours that no state knows: its secret was lost in
// a crash. Where the state is written first there is nothing to wait for.
func (w *world) orphan() (Step, bool) {
	for _, a := range w.Apps {
		if !w.known(a) && (w.Chosen || a.Known >= orphanAge) {
			return w.destroy(a, "nobody knows its secret"), true
		}
	}
	return Step{}, false
}

// rest says when time alone will change something.
func (w *world) rest() Step {
	var wait time.Duration
	sooner := func(d time.Duration) {
		if d > 0 && (wait == 0 || d < wait) {
			wait = d
		}
	}
	for _, g := range w.state.Generations {
		if g.Number != w.state.Current && !g.Left.IsZero() {
			sooner(g.Left.Add(w.d.Overlap).Sub(w.now))
		}
	}
	sooner(w.settles())
	for _, a := range w.Apps {
		if !w.known(a) {
			sooner(orphanAge - a.Known)
		}
	}
	if g := w.state.Now(); g != nil && w.d.Issued {
		sooner(w.due(*g).Sub(w.now))
	}
	return Step{Kind: Rest, State: w.state, Wait: wait, Why: w.crowded()}
}

// crowded says that a new app password is needed and the quota is used up. That is no
// reason to stop: what is there is still proven and mirrored, and may end.
func (w *world) crowded() string {
	if !w.full {
		return ""
	}
	w.full = false
	if _, wanted := w.advance(); !wanted {
		return ""
	}
	return fmt.Sprintf("the account has %d app passwords, as many as Stalwart permits, and %d of them are not ours: one has to go before the credential can be replaced", len(w.Apps)+w.Others, w.Others)
}
