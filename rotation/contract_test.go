package rotation

import (
	"fmt"
	"slices"
)

// violation says which promise is broken in this very state.
func (m *model) violation() string {
	if m.main == "" || slices.ContainsFunc(m.apps, func(a appPassword) bool { return a.secret == "" }) {
		return "everybody logs in, without a password"
	}
	if m.seeding {
		return "" // Stalwart is down
	}
	if m.refuses(m.mirror) {
		return "the mirror's " + m.mirror + " does not log in"
	}
	for i, c := range m.consumers {
		if m.refuses(c.secret) {
			return fmt.Sprintf("consumer %d runs on %s, which does not log in", i, c.secret)
		}
	}
	for secret, at := range m.left {
		if !m.lax && m.tick < at+m.overlap && m.refuses(secret) {
			return fmt.Sprintf("%s left the mirror %d ticks ago and does not log in", secret, m.tick-at)
		}
	}
	if m.step == nil && m.next().Kind == Rest {
		return m.leak()
	}
	return ""
}

// refuses reports whether somebody is refused who should not be: nobody else has
// ended the secret, and it has not ended by itself.
func (m *model) refuses(secret string) bool {
	expired := slices.ContainsFunc(m.apps, func(a appPassword) bool { return a.secret == secret && m.expired(a) })
	return !m.logsIn(secret) && !m.revoked[secret] && !m.excused[secret] && !expired
}

// leak names a revoked secret that still logs in although nothing is left to do and
// the mirror holds another one. A state that is lost has taken the revocation with
// it: the secret ends when it is free.
func (m *model) leak() string {
	for secret := range m.revoked {
		if !m.forgot && m.logsIn(secret) && m.mirror != secret && m.mirror == m.believed().Now().Password.Reveal() && secret != m.source {
			return "the revoked " + secret + " still logs in"
		}
	}
	return ""
}

// rested reports whether nothing is left over, and everybody is served.
func (m *model) rested() bool {
	if m.state.Handled != string(m.request) || m.step != nil || m.seeding || !m.logsIn(m.mirror) || len(m.state.Generations) == 0 {
		return false
	}
	for _, c := range m.consumers {
		if !m.logsIn(c.secret) {
			return false
		}
	}
	if m.issued {
		return len(m.apps) == 1 && m.mirror != m.main && m.mirror != m.source && (m.main == m.source || m.main == outsider)
	}
	return len(m.apps) == 0 && m.main == m.source && m.mirror == m.source
}

// judged follows every move: a gap that others have made ends with what can be
// made good, and a secret that logs in again is owed again.
func (m *model) judged() {
	if m.seeding && !m.absent && m.step == nil {
		kind := m.next().Kind
		m.seeding = kind == Restore || kind == Record // which goes first where something is asked for
	}
	if m.seeding || m.main == outsider {
		return
	}
	for secret := range m.excused {
		if m.logsIn(secret) {
			delete(m.excused, secret)
		}
	}
}
