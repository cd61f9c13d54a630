package rotation

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// model is a Stalwart, a mirror, consumers and two controllers of which one leads,
// small enough to be walked through in every order. Time is counted in ticks of a
// minute.
type model struct {
	chosen, issued bool
	naive          bool // the password is set at once
	overlap        int

	main   string            // the account's password
	apps   map[string]string // id -> secret
	names  map[string]string // id -> our name
	minted int               // secrets that the server has made

	state   State
	version int // of the state Secret
	source  string
	request Request
	budget

	mirror    string
	left      map[string]int  // secret -> tick at which it left the mirror
	revoked   map[string]bool // secrets that a request has ended
	consumers []consumer
	tick      int
	skew      time.Duration // of the wall clock
	patience  int           // ticks that coming to rest may take; 0 = any
	lax       bool          // the overlap is no promise; the mirror and the consumers are

	memory         // of the controller that leads
	late   *memory // of the one that led before, as long as a write of it may still arrive
}

// budget is what may still come.
type budget struct {
	changes, requests, crashes, terms int
	jump                              time.Duration // of the wall clock; 0 = none
}

// memory is what a controller knows between two writes.
type memory struct {
	step    *Step // under way
	did     int   // writes of it that were done
	version int   // of the state that it was decided from
	proven  string
}

type consumer struct {
	secret string
	number int64 // generation that it was rolled to
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newModel(chosen, issued bool, b budget, consumers int) *model {
	m := &model{chosen: chosen, issued: issued, overlap: 2, main: "P1", apps: map[string]string{}, names: map[string]string{}, source: "P1", budget: b, mirror: "P1",
		left: map[string]int{}, revoked: map[string]bool{}}
	for range consumers {
		m.consumers = append(m.consumers, consumer{secret: "P1", number: 1})
	}
	g := Generation{Slot: Main, User: "u", Password: redact.New("P1"), Created: epoch}
	m.state = State{}.with(g)
	return m
}

func (m *model) clone() *model {
	c := *m
	c.apps, c.names, c.left, c.revoked = maps.Clone(m.apps), maps.Clone(m.names), maps.Clone(m.left), maps.Clone(m.revoked)
	c.consumers = slices.Clone(m.consumers)
	if m.late != nil {
		late := *m.late
		c.late = &late
	}
	return &c
}

func (m *model) now() time.Time { return epoch.Add(time.Duration(m.tick)*time.Minute + m.skew) }

// key is everything that matters for what may follow.
func (m *model) key() string {
	var b strings.Builder
	_, _ = fmt.Fprint(&b, m.main, m.apps, m.source, m.request, m.budget, m.mirror, m.left, m.revoked, m.consumers, m.tick, m.skew, "|")
	for _, g := range m.state.Generations {
		_, _ = fmt.Fprint(&b, g.Number, g.Slot, g.ID, g.Password.Reveal(), g.Left.Sub(epoch), ";")
	}
	_, _ = fmt.Fprint(&b, m.state.Current, m.state.Last, m.state.Handled, m.state.Renew, m.state.Revoked)
	m.memory.key(&b, m.version)
	if m.late != nil {
		m.late.key(&b, m.version)
	}
	return b.String()
}

func (m *memory) key(b *strings.Builder, version int) {
	_, _ = fmt.Fprint(b, "|", m.did, m.proven)
	if m.step != nil {
		_, _ = fmt.Fprint(b, m.step.Kind, m.step.Generation.Number, m.step.App, version == m.version)
	}
}

func (m *model) observed() Observed {
	o := Observed{State: m.state, Chosen: m.chosen, Holding: map[int64]bool{}, Mirrored: map[int64]bool{}, Running: Nobody}
	for _, id := range slices.Sorted(maps.Keys(m.apps)) {
		o.Apps = append(o.Apps, Listed{ID: id, Name: m.names[id], Known: time.Hour})
	}
	for _, g := range m.state.Generations {
		o.Holding[g.Number] = g.Password.Reveal() == m.mirror
		o.Mirrored[g.Number] = o.Holding[g.Number]
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
	return Desired{Submission: "s", User: "u", Source: redact.New(m.source), Issued: m.issued, Overlap: overlap, Request: m.request, Fresh: redact.New(fmt.Sprintf("F%d", m.minted+1))}
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
		if !m.logsIn(c.secret) && !m.revoked[c.secret] {
			return fmt.Sprintf("consumer %d runs on %s, which does not log in", i, c.secret)
		}
	}
	for secret, at := range m.left {
		if !m.lax && m.tick < at+m.overlap && !m.logsIn(secret) && !m.revoked[secret] {
			return fmt.Sprintf("%s left the mirror %d ticks ago and does not log in", secret, m.tick-at)
		}
	}
	if m.step == nil && m.next().Kind == Rest {
		return m.leak()
	}
	return ""
}

// leak names a revoked secret that still logs in although nothing is left to do and
// the mirror holds another one.
func (m *model) leak() string {
	for secret := range m.revoked {
		if m.logsIn(secret) && m.mirror != secret && m.mirror == m.state.Now().Password.Reveal() && secret != m.source {
			return "the revoked " + secret + " still logs in"
		}
	}
	return ""
}

// rested reports whether nothing is left over.
func (m *model) rested() bool {
	if m.state.Handled != string(m.request) {
		return false
	}
	if m.issued {
		return m.step == nil && len(m.apps) == 1 && m.main == m.source && m.logsIn(m.mirror) && m.mirror != m.main
	}
	return m.step == nil && len(m.apps) == 0 && m.main == m.source && m.mirror == m.source
}
