package rotation

import (
	"fmt"
	"strings"
)

// move is one thing that may happen next.
type move struct {
	name string
	do   func(m *model)
}

// moves collects what may happen in a state.
type moves []move

func (all *moves) add(name string, do func(m *model)) { *all = append(*all, move{name, do}) }

const lastTick = 14

// moves lists everything that may happen, in a fixed order: what the controllers do
// first.
func (m *model) moves() []move {
	var all moves
	m.work(&all)
	m.consume(&all)
	m.ask(&all)
	m.weather(&all)
	m.faults(&all)
	return all
}

// work is what the controllers do.
func (m *model) work(all *moves) {
	secret, proven := m.proof()
	switch s := m.next(); {
	case m.step != nil:
		all.add(fmt.Sprintf("write %d of %s %d", m.did+1, m.step.Kind, m.step.Generation.Number), (*model).write)
	case m.absent:
		all.add("make the account again", (*model).seed)
	case m.proven != "" && (m.retracts(s) || len(m.state.Generations) == 0):
		all.add("retract the proof", func(m *model) { m.proven = "" })
	case s.Kind != Rest:
		all.add("decide "+string(s.Kind), (*model).decide)
	case m.unproven():
		all.add("prove "+m.believed().Now().Password.Reveal(), (*model).prove)
	}
	if proven && m.mirror != secret {
		all.add("mirror "+secret, func(m *model) { m.apply(secret) })
	}
	if m.late != nil && m.late.step != nil {
		all.add("a late write", func(m *model) {
			leader := m.memory
			m.memory, m.late = *m.late, nil
			m.write()
			m.memory = leader
		})
	}
}

func (m *model) decide() {
	s := m.next()
	m.step, m.did, m.memory.version, m.refused, m.late = &s, 0, m.version, 0, nil
}

// unproven reports whether a login of the current generation would be news.
func (m *model) unproven() bool {
	g := m.believed().Now()
	return g != nil && (m.proven != m.source+"/"+g.Password.Reveal() || !m.logsIn(g.Password.Reveal()))
}

// retracts reports whether a step ends what is proven: somebody may be about to
// mirror it.
func (m *model) retracts(s Step) bool {
	ended := s.Ends(m.believed())
	secret, ok := m.proof()
	return ok && ended != nil && ended.Reveal() == secret
}

// proof is the secret that the leader has proven for the SOURCE of this moment.
func (m *model) proof() (secret string, ok bool) {
	source, secret, ok := strings.Cut(m.proven, "/")
	return secret, ok && source == m.source
}

// consume is what consumers do, and what renders what they read.
func (m *model) consume(all *moves) {
	reads := m.mirror
	if m.via {
		reads = m.rendered
		if reads != m.mirror {
			all.add("render", func(m *model) { m.rendered = m.mirror })
		}
	}
	for i, c := range m.consumers {
		if g := m.state.Now(); g != nil && c.number < g.Number && reads == g.Password.Reveal() {
			all.add(fmt.Sprintf("roll %d", i), func(m *model) { m.consumers[i] = consumer{reads, m.state.Current} })
		}
		if m.via && c.secret != reads {
			all.add(fmt.Sprintf("a Pod of %d is replaced", i), func(m *model) { m.consumers[i].secret = reads })
		}
	}
}

// ask is what operators do. Where the SOURCE's own password is mirrored, a new one
// comes with a request.
func (m *model) ask(all *moves) {
	if m.changes > 0 {
		all.add("rotate", func(m *model) { m.changes--; m.source = fmt.Sprintf("P%d", 9-m.changes) })
		if m.source != "P1" {
			all.add("go back", func(m *model) { m.changes--; m.source = "P1" })
		}
	}
	request := func(revoke bool) func(*model) {
		return func(m *model) {
			m.requests--
			m.request = NewRequest(fmt.Sprint(m.requests), revoke)
			if !m.issued {
				m.source = fmt.Sprintf("N%d", m.requests)
			}
		}
	}
	if m.requests > 0 {
		all.add("rotate now", request(false))
		all.add("revoke now", request(true))
	}
}

// weather is time, and what happens to the controllers.
func (m *model) weather(all *moves) {
	if m.step != nil && m.crashes > 0 {
		all.add("crash", func(m *model) { m.crashes--; m.memory = memory{} })
	}
	if m.terms > 0 {
		all.add("another leader", func(m *model) {
			m.terms--
			late := m.memory
			m.late, m.memory = &late, memory{}
		})
	}
	if m.jump != 0 {
		all.add("the clock jumps", func(m *model) { m.skew, m.jump = m.jump, 0 })
	}
	if m.tick < lastTick {
		all.add("tick", func(m *model) { m.tick++ })
	}
}
