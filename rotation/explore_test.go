package rotation

import (
	"strings"
	"testing"
)

// node is a state and how it was reached.
type node struct {
	m    *model // nil once everything that may follow has been looked at
	from *node
	by   string
	deep int
}

func (n *node) trace() string {
	var all []string
	for ; n.from != nil; n = n.from {
		all = append([]string{n.by}, all...)
	}
	return strings.Join(all, " → ")
}

// scene is where a walk begins, and what may happen in it.
type scene struct {
	name      string
	kind      kind
	budget    budget
	consumers int
	states    int // thousands that are looked at, at the most
}

func scenes() []scene {
	var all []scene
	for _, g := range []struct {
		name   string
		chosen bool
	}{{"0.16", false}, {"0.15", true}} {
		source, issued := kind{chosen: g.chosen}, kind{chosen: g.chosen, issued: true}
		via, blind := kind{chosen: g.chosen, via: true}, kind{chosen: g.chosen, blind: true}
		all = append(all,
			scene{g.name, source, budget{changes: 2, crashes: 1}, 1, 30},
			scene{g.name + " issued", issued, budget{changes: 1, crashes: 1}, 1, 10},
			scene{g.name + " two consumers", source, budget{changes: 1, crashes: 1}, 2, 15},
			scene{g.name + " two leaders", source, budget{changes: 1, crashes: 1, terms: 2}, 1, 15},
			scene{g.name + " asked", source, budget{requests: 1, changes: 1, crashes: 1}, 1, 15},
			scene{g.name + " issued, asked", issued, budget{requests: 2, crashes: 1, terms: 1}, 1, 15},
			scene{g.name + " rendered late", via, budget{changes: 2, crashes: 1}, 2, 15},
			scene{g.name + " state lost", source, budget{changes: 2, states: 1, crashes: 1}, 1, 30},
			scene{g.name + " state lost, two leaders", source, budget{changes: 1, states: 2, terms: 1}, 1, 12},
			scene{g.name + " state lost, rendered late", via, budget{changes: 1, states: 1}, 1, 12},
			scene{g.name + " state lost, blind", blind, budget{changes: 1, states: 1}, 1, 10},
			scene{g.name + " state lost, issued", issued, budget{requests: 1, states: 1, changes: 1}, 1, 12},
			scene{g.name + " store lost", source, budget{changes: 2, stores: 1, crashes: 1}, 1, 15},
			scene{g.name + " store lost, rendered late", via, budget{changes: 1, stores: 1, crashes: 1}, 1, 12},
			scene{g.name + " store lost, issued", issued, budget{requests: 1, stores: 1, crashes: 1}, 1, 12},
			scene{g.name + " state and store lost", source, budget{changes: 1, states: 1, stores: 1}, 1, 12},
			scene{g.name + " an outsider", source, budget{changes: 2, outsiders: 1, crashes: 1}, 1, 15},
			scene{g.name + " an outsider, state lost", source, budget{changes: 1, outsiders: 1, states: 1}, 1, 12},
		)
	}
	lives := kind{issued: true, lifetime: 8}
	return append(all,
		scene{"0.16 crowded", kind{}, budget{changes: 2, crowds: 1, crashes: 2}, 1, 15},
		scene{"0.16 crowded, issued", kind{issued: true}, budget{requests: 2, crowds: 1, crashes: 2}, 1, 15},
		scene{"0.16 issued, expires", lives, budget{requests: 1, crashes: 1, crowds: 1}, 1, 15},
		scene{"0.16 issued, expires, state lost", lives, budget{states: 1, crashes: 1}, 1, 12},
	)
}

// limit is how many states of some thousands are looked at.
func limit(thousands int) int {
	if testing.Short() || slow {
		return thousands * 100
	}
	return thousands * 1000
}

// TestEveryInterleaving walks through everything that can happen, in every order:
// rotations, one while another is under way, a way back, a crash after every write,
// a change of leaders, late consumers, what others do to Stalwart and to the state,
// and the clock. In every state everybody who is entitled to log in can, and from
// every state it comes to rest with nothing left over.
func TestEveryInterleaving(t *testing.T) {
	for _, s := range scenes() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := explore(newModel(s.kind, s.budget, s.consumers), limit(s.states))
			if w.violation != "" {
				t.Fatal(w.violation)
			}
			t.Logf("%d states, %d deep, all of them: %t", len(w.seen), w.deepest, w.whole)
		})
	}
}

// TestTheNaiveOrderIsCaught: the same walk finds what is wrong with setting the
// password at once, with the shortest story of how a consumer is refused.
func TestTheNaiveOrderIsCaught(t *testing.T) {
	for _, chosen := range []bool{true, false} {
		m := newModel(kind{chosen: chosen, naive: true}, budget{changes: 1}, 1)
		if w := explore(m, 10_000); !strings.Contains(w.violation, "does not log in, after: rotate") {
			t.Errorf("not caught: %q", w.violation)
		}
	}
}
