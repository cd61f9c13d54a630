package rotation

import (
	"slices"
	"time"
)

// Adopt begins a state with what is found: the bytes that log in, and every slot that
// they may live in. Nobody can say in which of them they do, so all of them are
// believed to hold them: none ends before the bytes are free. Its numbers go on above
// those that consumers were told.
func Adopt(s State, found Generation, o Observed, d Desired) State {
	s.Last = o.reached(s.Last, found.Created)
	s.Handled = string(d.Request) // what is new begins with new credentials
	for _, a := range o.Apps {
		g := found
		g.Slot, g.Name, g.ID, g.Expires = App, a.Name, a.ID, a.Expires
		s = s.with(g)
	}
	found.Slot = Main
	return s.with(found)
}

// twins reports whether the bytes of a generation are believed to be in other slots
// too.
func (s State) twins(g Generation) bool {
	return slices.ContainsFunc(s.Generations, func(other Generation) bool { return other.Number != g.Number && other.same(g) })
}

// same reports whether two generations have the same bytes.
func (g Generation) same(other Generation) bool {
	return g.User == other.User && g.Password.Equal(other.Password)
}

// newest is the highest number under which the bytes of a generation are known.
func (s State) newest(g Generation) int64 {
	for _, other := range s.Generations {
		if other.same(g) {
			g.Number = max(g.Number, other.Number)
		}
	}
	return g.Number
}

// settled reports whether the bytes of the current generation, which may be in any
// of several slots, can be written into the account's password: nobody is left who
// may need what is there.
func (w *world) settled(current Generation) bool {
	return w.Running >= current.Number && !w.now.Before(current.Created.Add(w.d.Overlap))
}

// settles is how long that takes at least.
func (w *world) settles() time.Duration {
	if g := w.state.Now(); g != nil && w.state.twins(*g) {
		return g.Created.Add(w.d.Overlap).Sub(w.now)
	}
	return 0
}
