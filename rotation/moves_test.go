package rotation

import (
	"fmt"
	"strings"

	"github.com/openova-io/smtp-mirror/redact"
)

// move is one thing that may happen next.
type move struct {
	name string
	do   func(m *model)
}

const lastTick = 14

// moves lists everything that may happen in a state, in a fixed order: what the
// controllers do first.
func (m *model) moves() []move {
	return append(append(m.work(), m.others()...), m.weather()...)
}

// work is what the controllers do.
func (m *model) work() []move {
	var all []move
	add := func(name string, do func(m *model)) { all = append(all, move{name, do}) }
	if m.step != nil {
		add(fmt.Sprintf("write %d of %s %d", m.did+1, m.step.Kind, m.step.Generation.Number), (*model).write)
	} else if s := m.next(); m.retracts(s) {
		add("retract the proof", func(m *model) { m.proven = "" })
	} else if s.Kind != Rest {
		add("decide "+string(s.Kind), func(m *model) {
			s := m.next()
			m.step, m.did, m.memory.version, m.late = &s, 0, m.version, nil
		})
	} else if g := m.state.Now(); g != nil && m.proven != m.source+"/"+g.Password.Reveal() {
		add("prove "+g.Password.Reveal(), (*model).prove)
	}
	if secret, ok := m.proof(); ok && m.mirror != secret {
		add("mirror "+secret, func(m *model) { m.apply(secret) })
	}
	if m.late != nil && m.late.step != nil {
		add("a late write", func(m *model) {
			leader := m.memory
			m.memory, m.late = *m.late, nil
			m.write()
			m.memory = leader
		})
	}
	return all
}

// retracts reports whether a step ends what is proven: somebody may be about to
// mirror it.
func (m *model) retracts(s Step) bool {
	ended := s.Ends(m.state)
	secret, ok := m.proof()
	return ok && ended != nil && ended.Reveal() == secret
}

// proof is the secret that the leader has proven for the SOURCE of this moment.
func (m *model) proof() (secret string, ok bool) {
	source, secret, ok := strings.Cut(m.proven, "/")
	return secret, ok && source == m.source
}

// others is what consumers and operators do.
func (m *model) others() []move {
	var all []move
	add := func(name string, do func(m *model)) { all = append(all, move{name, do}) }
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
	if m.requests > 0 {
		add("rotate now", func(m *model) { m.ask(false) })
		add("revoke now", func(m *model) { m.ask(true) })
	}
	return all
}

// ask is the annotation on the SOURCE; where the SOURCE's own password is mirrored
// a new one comes with it.
func (m *model) ask(revoke bool) {
	m.requests--
	m.request = NewRequest(fmt.Sprint(m.requests), revoke)
	if !m.issued {
		m.source = fmt.Sprintf("N%d", m.requests)
	}
}

// weather is time, and what happens to the controllers.
func (m *model) weather() []move {
	var all []move
	add := func(name string, do func(m *model)) { all = append(all, move{name, do}) }
	if m.step != nil && m.crashes > 0 {
		add("crash", func(m *model) { m.crashes--; m.memory = memory{} })
	}
	if m.terms > 0 {
		add("another leader", func(m *model) {
			m.terms--
			late := m.memory
			m.late, m.memory = &late, memory{}
		})
	}
	if m.jump != 0 {
		add("the clock jumps", func(m *model) { m.skew, m.jump = m.jump, 0 })
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

func (m *model) apply(secret string) {
	m.left[m.mirror] = m.tick
	m.mirror = secret
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
	m.step, m.did = nil, 0
}

func (m *model) writeMain(s *Step) { m.main = s.Generation.Password.Reveal() }

func (m *model) writeMint(s *Step) {
	m.minted++
	id := fmt.Sprintf("id%d", m.minted)
	secret := fmt.Sprintf("B%d", m.minted)
	m.apps[id], m.names[id] = secret, s.Generation.Name
	g := &s.State.Generations[len(s.State.Generations)-1]
	g.ID, g.Password = id, redact.New(secret)
}

func (m *model) writeAdd(s *Step) {
	m.minted++
	m.apps[s.Generation.ID], m.names[s.Generation.ID] = s.Generation.Password.Reveal(), s.Generation.Name
}

func (m *model) writeDestroy(s *Step) { delete(m.apps, s.App.ID) }

// writeState is refused where somebody else has written since.
func (m *model) writeState(s *Step) {
	if m.memory.version != m.version {
		return
	}
	for _, g := range m.state.Generations {
		if g.Number <= s.State.Revoked {
			m.revoked[g.Password.Reveal()] = true
		}
	}
	m.state = s.State
	m.version++
}
