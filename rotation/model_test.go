package rotation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// model is a Stalwart, a mirror, consumers and one controller at work, small enough
// to be walked through in every order. Time is counted in ticks of a minute.
type model struct {
	chosen, issued bool
	naive          bool // the password is set at once
	overlap        int

	main   string            // the account's password
	apps   map[string]string // id -> secret
	names  map[string]string // id -> our name
	minted int               // secrets that the server has made

	state   State
	source  string
	changes int // of the SOURCE that may still come
	crashes int // that may still come

	mirror    string
	left      map[string]int // secret -> tick at which it left the mirror
	consumers []consumer
	tick      int

	// the memory of the controller
	step   *Step // under way
	did    int   // writes of it that were done
	secret string
	proven string // SOURCE and secret that were proven
}

type consumer struct {
	secret string
	number int64 // generation that it was rolled to
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newModel(chosen, issued bool, changes, crashes, consumers int) *model {
	m := &model{chosen: chosen, issued: issued, overlap: 2, main: "P1", apps: map[string]string{}, names: map[string]string{}, source: "P1", changes: changes, crashes: crashes, mirror: "P1", left: map[string]int{}}
	for range consumers {
		m.consumers = append(m.consumers, consumer{secret: "P1", number: 1})
	}
	g := Generation{Slot: Main, User: "u", Password: redact.New("P1"), Created: epoch}
	m.state = State{}.with(g)
	return m
}

func (m *model) clone() *model {
	c := *m
	c.apps, c.names, c.left = maps.Clone(m.apps), maps.Clone(m.names), maps.Clone(m.left)
	c.consumers = slices.Clone(m.consumers)
	return &c
}

func (m *model) now() time.Time { return epoch.Add(time.Duration(m.tick) * time.Minute) }

// key is everything that matters for what may follow.
func (m *model) key() string {
	var b strings.Builder
	_, _ = fmt.Fprint(&b, m.main, m.apps, m.source, m.changes, m.crashes, m.mirror, m.left, m.consumers, m.tick, m.did, m.secret, m.proven, "|")
	for _, g := range m.state.Generations {
		_, _ = fmt.Fprint(&b, g.Number, g.Slot, g.ID, g.Password.Reveal(), g.Left.Sub(epoch), ";")
	}
	_, _ = fmt.Fprint(&b, m.state.Current, m.state.Last)
	if m.step != nil {
		_, _ = fmt.Fprint(&b, m.step.Kind, m.step.Generation.Number, m.step.App)
	}
	return b.String()
}

func (m *model) observed() Observed {
	o := Observed{State: m.state, Chosen: m.chosen, Holding: map[int64]bool{}, Running: Nobody}
	for _, id := range slices.Sorted(maps.Keys(m.apps)) {
		o.Apps = append(o.Apps, Listed{ID: id, Name: m.names[id], Known: time.Hour})
	}
	for _, g := range m.state.Generations {
		o.Holding[g.Number] = g.Password.Reveal() == m.mirror
	}
	for _, c := range m.consumers {
		o.Running = min(o.Running, c.number)
	}
	return o
}

func (m *model) desired() Desired {
	overlap := time.Duration(m.overlap) * time.Minute
	if m.naive {
		overlap = 0
	}
	return Desired{Submission: "s", User: "u", Source: redact.New(m.source), Issued: m.issued, Overlap: overlap, Fresh: redact.New(fmt.Sprintf("F%d", m.minted+1))}
}

func (m *model) next() Step { return Next(m.observed(), m.desired(), m.now()) }

// logsIn reports whether Stalwart accepts a secret.
func (m *model) logsIn(secret string) bool {
	return secret == m.main || slices.Contains(slices.Collect(maps.Values(m.apps)), secret)
}

// violation says which promise is broken in this very state.
func (m *model) violation() string {
	if !m.logsIn(m.mirror) {
		return "the mirror's " + m.mirror + " does not log in"
	}
	for i, c := range m.consumers {
		if !m.logsIn(c.secret) {
			return fmt.Sprintf("consumer %d runs on %s, which does not log in", i, c.secret)
		}
	}
	for secret, at := range m.left {
		if m.tick < at+m.overlap && !m.logsIn(secret) {
			return fmt.Sprintf("%s left the mirror %d ticks ago and does not log in", secret, m.tick-at)
		}
	}
	return ""
}

// rested reports whether nothing is left over.
func (m *model) rested() bool {
	if m.issued {
		return m.step == nil && len(m.apps) == 1 && m.main == m.source && m.logsIn(m.mirror) && m.mirror != m.main
	}
	return m.step == nil && len(m.apps) == 0 && m.main == m.source && m.mirror == m.source
}
