package rotation

import (
	"fmt"

	"github.com/openova-io/smtp-mirror/redact"
)

// move is one thing that may happen next.
type move struct {
	name string
	do   func(m *model)
}

const lastTick = 14

// moves lists everything that may happen in a state, in a fixed order.
func (m *model) moves() []move {
	var all []move
	add := func(name string, do func(m *model)) { all = append(all, move{name, do}) }
	if m.step != nil {
		add(fmt.Sprintf("write %d of %s %d", m.did+1, m.step.Kind, m.step.Generation.Number), (*model).write)
		if m.crashes > 0 {
			add("crash", (*model).crash)
		}
	} else if s := m.next(); s.Kind != Rest {
		add("decide "+string(s.Kind), func(m *model) { s := m.next(); m.step, m.did = &s, 0 })
	} else if g := m.state.Now(); g != nil && m.proven != m.source+"/"+g.Password.Reveal() {
		add("prove "+g.Password.Reveal(), (*model).prove)
	}
	if g := m.state.Now(); g != nil && m.proven == m.source+"/"+g.Password.Reveal() && m.mirror != g.Password.Reveal() {
		add("mirror "+g.Password.Reveal(), (*model).apply)
	}
	for i, c := range m.consumers {
		if g := m.state.Now(); g != nil && c.number < g.Number && m.mirror == g.Password.Reveal() {
			add(fmt.Sprintf("roll %d", i), func(m *model) { m.consumers[i] = consumer{m.mirror, m.state.Current} })
		}
	}
	if m.changes > 0 {
		add("rotate", func(m *model) { m.changes--; m.source = fmt.Sprintf("P%d", 9-m.changes) })
		if m.source != "P1" {
			add("go back", func(m *model) { m.changes--; m.source = "P1" })
		}
	}
	if m.tick < lastTick {
		add("tick", func(m *model) { m.tick++ })
	}
	return all
}

// prove logs in. A password that is refused was changed behind the state's back,
// or by a crash in the middle of a step: it is set once more.
func (m *model) prove() {
	g := m.state.Now()
	if !m.logsIn(g.Password.Reveal()) && g.Slot == Main {
		m.main = g.Password.Reveal()
	}
	if m.logsIn(g.Password.Reveal()) {
		m.proven = m.source + "/" + g.Password.Reveal()
	}
}

func (m *model) crash() {
	m.crashes--
	m.step, m.did, m.secret, m.proven = nil, 0, "", ""
}

func (m *model) apply() {
	m.left[m.mirror] = m.tick
	m.mirror = m.state.Now().Password.Reveal()
	delete(m.left, m.mirror)
}

// write does the next write of the step under way, in the order that the kind has.
func (m *model) write() {
	s := m.step
	first := map[Kind]func(s *Step){SetMain: m.writeMain, Mint: m.writeMint, Destroy: m.writeDestroy, Add: m.writeState, Restore: m.writeAdd, Record: m.writeState}[s.Kind]
	second := map[Kind]func(s *Step){SetMain: m.writeState, Mint: m.writeState, Destroy: m.writeState, Add: m.writeAdd}[s.Kind]
	m.did++
	if m.did == 1 {
		first(s)
		if second != nil {
			return
		}
	} else {
		second(s)
	}
	m.step, m.did, m.secret = nil, 0, ""
}

func (m *model) writeMain(s *Step) { m.main = s.Generation.Password.Reveal() }

func (m *model) writeMint(s *Step) {
	m.minted++
	id := fmt.Sprintf("id%d", m.minted)
	m.secret = fmt.Sprintf("B%d", m.minted)
	m.apps[id], m.names[id] = m.secret, s.Generation.Name
	g := &s.State.Generations[len(s.State.Generations)-1]
	g.ID, g.Password = id, redact.New(m.secret)
}

func (m *model) writeAdd(s *Step) {
	m.minted++
	m.apps[s.Generation.ID], m.names[s.Generation.ID] = s.Generation.Password.Reveal(), s.Generation.Name
}

func (m *model) writeDestroy(s *Step) { delete(m.apps, s.App.ID) }

func (m *model) writeState(s *Step) { m.state = s.State }
