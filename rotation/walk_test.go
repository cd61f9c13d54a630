package rotation

// walk is what an exploration has seen.
type walk struct {
	seen      map[key]bool
	queue     []*node
	deepest   int
	whole     bool
	violation string
}

// explore walks breadth first, so that the first violation has the shortest trace.
func explore(start *model, limit int) *walk {
	w := &walk{seen: map[key]bool{start.key(): true}, queue: []*node{{m: start}}}
	for len(w.queue) > 0 && len(w.seen) < limit && w.violation == "" {
		n := w.queue[0]
		w.queue, w.deepest = w.queue[1:], n.deep
		for _, mv := range n.m.moves() {
			w.visit(n, mv)
		}
		n.m = nil
	}
	w.whole = len(w.queue) == 0
	return w
}

// visit makes one move from a state, and keeps the state that it leads to.
func (w *walk) visit(n *node, mv move) {
	if w.violation != "" {
		return
	}
	next := &node{m: n.m.clone(), from: n, by: mv.name, deep: n.deep + 1}
	mv.do(next.m)
	next.m.judged()
	key := next.m.key()
	if w.seen[key] {
		return
	}
	w.seen[key] = true
	if v := next.m.violation(); v != "" {
		w.violation = v + ", after: " + next.trace()
		return
	}
	if len(w.seen)%97 == 0 {
		if v := next.m.clone().settles(); v != "" {
			w.violation = v + ", when left alone after: " + next.trace()
		}
	}
	w.queue = append(w.queue, next)
}

// settles lets everybody take turns until nothing is left to do, and says what is
// wrong on the way. Others leave the room that a rotation needs.
func (m *model) settles() string {
	m.budget = budget{}
	m.foreign = min(m.foreign, 4)
	if m.issued {
		m.foreign = min(m.foreign, 3)
	}
	begin := m.tick
	for range 200 {
		if m.rested() && m.next().Kind == Rest {
			return ""
		}
		if moves := m.moves(); len(moves) > 0 && moves[0].name != "others make room" {
			moves[0].do(m)
		} else {
			m.tick++ // beyond the horizon of the walk
		}
		m.judged()
		if m.patience > 0 && m.tick > begin+m.patience {
			break
		}
		if v := m.violation(); v != "" {
			return v
		}
	}
	return "does not come to rest: " + m.String()
}
