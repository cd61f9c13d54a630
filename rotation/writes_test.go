package rotation

import (
	"fmt"
	"slices"

	"github.com/openova-io/smtp-mirror/redact"
)

// prove logs in. A password that is refused was changed behind the state's back,
// or by a crash in the middle of a step: it is set once more. A state that was
// adopted is written down then.
func (m *model) prove() {
	s := m.believed()
	g := s.Now()
	secret := g.Password.Reveal()
	switch {
	case m.logsIn(secret):
	case g.Slot == Main:
		m.main = secret
	default:
		m.refused = g.Number
		return
	}
	m.proven = m.source + "/" + secret
	if len(m.state.Generations) == 0 {
		m.state = s
		m.version++
	}
}

// seed makes the account again, with the password that it is to have. Where the state
// is lost too, nobody knows another one than the SOURCE's.
func (m *model) seed() {
	m.absent, m.main, m.proven = false, m.source, "" // what was proven is gone
	if g := m.state.Password("u"); g != nil {
		m.main = g.Password.Reveal()
		return
	}
	m.excuse()
}

// excuse everything that somebody may use, for good: nobody knows it any more.
func (m *model) excuse() {
	m.revoked[m.mirror], m.revoked[m.rendered] = true, true
	if secret, ok := m.proof(); ok {
		m.revoked[secret] = true
	}
	for secret := range m.left {
		m.revoked[secret] = true
	}
	for _, c := range m.consumers {
		m.revoked[c.secret] = true
	}
}

func (m *model) apply(secret string) {
	m.left[m.mirror] = m.tick
	m.mirror = secret
	delete(m.left, m.mirror)
}

// write does the next write of the step under way, in the order that the kind has.
// What Stalwart refuses ends the step.
func (m *model) write() {
	s := m.step
	first := map[Kind]func(s *Step) bool{SetMain: m.writeMain, Mint: m.writeMint, Destroy: m.writeDestroy, Add: m.writeState, Restore: m.writeAdd, Record: m.writeState}[s.Kind]
	second := map[Kind]func(s *Step) bool{SetMain: m.writeState, Mint: m.writeState, Destroy: m.writeState, Add: m.writeAdd}[s.Kind]
	m.did++
	if m.did == 1 {
		if first(s) && second != nil {
			return
		}
	} else {
		second(s)
	}
	m.step, m.did = nil, 0
}

func (m *model) writeMain(s *Step) bool {
	if !m.absent {
		m.main = s.Generation.Password.Reveal()
	}
	return !m.absent
}

func (m *model) writeMint(s *Step) bool {
	if m.absent || len(m.apps)+m.foreign >= quota {
		return false
	}
	m.minted++
	id, secret := fmt.Sprintf("id%d", m.minted), fmt.Sprintf("B%d", m.minted)
	m.add(appPassword{id: id, name: s.Generation.Name, secret: secret, expires: m.expiry(s.Generation)})
	done := *s // a step is shared between states of the walk
	done.State = s.State.Minted(s.Generation.Number, id, redact.New(secret))
	m.step = &done
	return true
}

func (m *model) expiry(g Generation) int {
	if g.Expires.IsZero() {
		return 0
	}
	return int(g.Expires.Sub(epoch).Minutes())
}

func (m *model) writeAdd(s *Step) bool {
	if m.absent {
		return false
	}
	m.minted++
	m.add(appPassword{id: s.Generation.ID, name: s.Generation.Name, secret: s.Generation.Password.Reveal()})
	return true
}

func (m *model) add(a appPassword) {
	m.drop(a.id)
	m.apps = append(m.apps, a)
}

func (m *model) drop(id string) {
	m.apps = slices.DeleteFunc(slices.Clone(m.apps), func(a appPassword) bool { return a.id == id })
}

func (m *model) writeDestroy(s *Step) bool {
	for _, a := range m.apps {
		if a.id == s.App.ID && m.expired(a) {
			m.excused[a.secret] = true // it had ended by itself
		}
	}
	m.drop(s.App.ID)
	return !m.absent
}

// slot is what a generation's slot really holds.
func (m *model) slot(g Generation) string {
	if g.Slot == Main {
		return m.main
	}
	for _, a := range m.apps {
		if a.id == g.ID {
			return a.secret
		}
	}
	return g.Password.Reveal()
}

// writeState is refused where somebody else has written since.
func (m *model) writeState(s *Step) bool {
	if m.memory.version != m.version {
		return false
	}
	for _, g := range m.state.Generations {
		if g.Number <= s.State.Revoked {
			m.revoked[g.Password.Reveal()] = true
			if m.forgot {
				m.revoked[m.slot(g)] = true // which may hold other bytes
			}
		}
	}
	m.state = s.State
	m.version++
	m.memory.version = m.version
	return true
}
