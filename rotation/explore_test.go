package rotation

import (
	"strings"
	"testing"
)

// node is a state and how it was reached.
type node struct {
	m    *model
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

// TestEveryInterleaving walks through everything that can happen, in every order:
// rotations, one while another is under way, a way back, a crash after every write,
// late consumers and the clock. In every state everybody who is entitled to log in
// can, and from every state it comes to rest with nothing left over.
func TestEveryInterleaving(t *testing.T) {
	limit := 400_000
	if testing.Short() {
		limit = 60_000
	}
	for name, m := range map[string]*model{
		"0.16": newModel(false, false, budget{changes: 2, crashes: 1}, 1), "0.15": newModel(true, false, budget{changes: 2, crashes: 1}, 1),
		"0.16 issued": newModel(false, true, budget{changes: 1, crashes: 1}, 1), "0.15 issued": newModel(true, true, budget{changes: 1, crashes: 1}, 1),
		"0.16 two consumers": newModel(false, false, budget{changes: 1, crashes: 1}, 2), "0.15 two consumers": newModel(true, false, budget{changes: 1, crashes: 1}, 2),
		"0.16 two leaders": newModel(false, false, budget{changes: 1, crashes: 1, terms: 2}, 1), "0.15 two leaders": newModel(true, false, budget{changes: 1, crashes: 1, terms: 2}, 1),
		"0.16 asked": newModel(false, false, budget{requests: 1, changes: 1, crashes: 1}, 1), "0.15 asked": newModel(true, false, budget{requests: 1, changes: 1, crashes: 1}, 1),
		"0.16 issued, asked": newModel(false, true, budget{requests: 2, crashes: 1, terms: 1}, 1), "0.15 issued, asked": newModel(true, true, budget{requests: 2, crashes: 1, terms: 1}, 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := explore(m, limit)
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
		m := newModel(chosen, false, budget{changes: 1}, 1)
		m.naive = true
		if w := explore(m, 10_000); !strings.Contains(w.violation, "does not log in, after: rotate") {
			t.Errorf("not caught: %q", w.violation)
		}
	}
}

// walk is what an exploration has seen.
type walk struct {
	seen      map[string]bool
	queue     []*node
	deepest   int
	whole     bool
	violation string
}

// explore walks breadth first, so that the first violation has the shortest trace.
func explore(start *model, limit int) *walk {
	w := &walk{seen: map[string]bool{start.key(): true}, queue: []*node{{m: start}}}
	for len(w.queue) > 0 && len(w.seen) < limit && w.violation == "" {
		n := w.queue[0]
		w.queue, w.deepest = w.queue[1:], n.deep
		for _, mv := range n.m.moves() {
			w.visit(n, mv)
		}
	}
	w.whole = len(w.queue) == 0
	return w
}

// visit makes one move from a state, and keeps the state that it leads to.
func (w *walk) visit(n *node, mv move) {
	next := &node{m: n.m.clone(), from: n, by: mv.name, deep: n.deep + 1}
	mv.do(next.m)
	key := next.m.key()
	if w.seen[key] || w.violation != "" {
		return
	}
	w.seen[key] = true
	if v := next.m.violation(); v != "" {
		w.violation = v + ", after: " + next.trace()
		return
	}
	if len(w.seen)%97 == 0 {
		w.settles(next)
	}
	w.queue = append(w.queue, next)
}

// settles lets everybody take turns until nothing is left to do.
func (w *walk) settles(n *node) {
	m := n.m.clone()
	m.budget = budget{}
	for range 200 {
		if m.rested() && m.next().Kind == Rest {
			return
		}
		if moves := m.moves(); len(moves) > 0 {
			moves[0].do(m)
		} else {
			m.tick++ // beyond the horizon of the walk
		}
		if m.patience > 0 && m.tick > n.m.tick+m.patience {
			break
		}
		if v := m.violation(); v != "" {
			w.violation = v + ", when left alone after: " + n.trace()
			return
		}
	}
	w.violation = "does not come to rest after: " + n.trace() + "\n" + m.key()
}
