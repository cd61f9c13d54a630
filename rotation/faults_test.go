package rotation

// outsider is the password that somebody else sets.
const outsider = "X"

// faults is what is done to Stalwart and to the state behind our back.
func (m *model) faults(all *moves) {
	if m.states > 0 && len(m.state.Generations) > 0 {
		all.add("the state is lost", (*model).loseState)
	}
	if m.stores > 0 && !m.absent {
		all.add("Stalwart loses its store", (*model).loseStore)
	}
	if m.outsiders > 0 && !m.absent && m.main != outsider {
		all.add("somebody else sets the password", func(m *model) {
			m.outsiders--
			m.excused[m.main] = true
			m.main = outsider
		})
	}
	if m.crowds > 0 && len(m.apps)+m.foreign < quota {
		all.add("others fill the quota", func(m *model) {
			m.crowds--
			m.foreign = quota - len(m.apps)
		})
	}
	if m.foreign > 0 {
		all.add("others make room", func(m *model) { m.foreign-- })
	}
}

// loseState: what the mirror holds can be taken over if it logs in.
func (m *model) loseState() {
	m.states--
	m.state, m.forgot = State{}, true
	m.version++
	if m.seeding || !m.logsIn(m.mirror) {
		m.excuse()
	}
}

// loseStore: whoever logged in is excused, but for what can come back: the password
// that the state knows, and on 0.15 every app password that it knows.
func (m *model) loseStore() {
	m.stores--
	m.excused[m.main] = true
	for _, a := range m.apps {
		m.excused[a.secret] = true
	}
	for _, g := range m.state.Generations {
		if m.chosen || g.Slot == Main {
			delete(m.excused, g.Password.Reveal())
		}
	}
	m.server = server{absent: true, seeding: true, main: "-", minted: m.minted}
}
