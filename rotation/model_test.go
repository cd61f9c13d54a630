package rotation

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// model is a Stalwart, a mirror, what is rendered from it, consumers and two
// controllers of which one leads, small enough to be walked through in every order.
// Time is counted in ticks of a minute.
type model struct {
	kind
	server
	budget

	state   State // in its Secret; one without generations is lost
	version int   // of that Secret
	forgot  bool  // it was lost once
	source  string
	request Request

	mirror    string
	rendered  string          // from the mirror, late
	left      map[string]int  // secret -> tick at which it left the mirror
	revoked   map[string]bool // secrets that a request has ended
	excused   map[string]bool // secrets that somebody else has ended
	consumers []consumer
	tick      int
	skew      time.Duration // of the wall clock

	memory         // of the controller that leads
	late   *memory // of the one that led before, as long as a write of it may still arrive
}

// kind is what does not change during a walk.
type kind struct {
	chosen, issued bool
	naive          bool // the password is set at once
	blind          bool // consumers cannot be asked what they were told
	via            bool // consumers read what is rendered
	overlap        int
	lifetime       int  // of an issued credential; 0 = for ever
	patience       int  // ticks that coming to rest may take; 0 = any
	lax            bool // the overlap is no promise; the mirror and the consumers are
}

// server is what Stalwart knows.
type server struct {
	absent  bool   // the account is gone
	seeding bool   // and not everything is back that can come back
	main    string // the account's password
	apps    []appPassword
	foreign int // app passwords of others
	minted  int // secrets that the server has made, ours too
}

type appPassword struct {
	id, name, secret string
	expires          int // tick; 0 = never
}

// budget is what may still come.
type budget struct {
	changes, requests, crashes, terms int
	states                            int           // state Secrets that are lost
	stores                            int           // stores of Stalwart that are lost
	outsiders                         int           // times that somebody else sets the password
	crowds                            int           // times that others fill the quota
	jump                              time.Duration // of the wall clock; 0 = none
}

// memory is what a controller knows between two writes.
type memory struct {
	step    *Step // under way
	did     int   // writes of it that were done
	version int   // of the state that it was decided from
	proven  string
	refused int64 // generation whose login was refused although it is listed
}

type consumer struct {
	secret string
	number int64 // generation that it was rolled to
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newModel(k kind, b budget, consumers int) *model {
	k.overlap = 2
	m := &model{kind: k, server: server{main: "P1"}, source: "P1", budget: b, mirror: "P1", rendered: "P1",
		left: map[string]int{}, revoked: map[string]bool{}, excused: map[string]bool{}}
	for range consumers {
		m.consumers = append(m.consumers, consumer{secret: "P1", number: 1})
	}
	m.state = State{}.with(Generation{Slot: Main, User: "u", Password: redact.New("P1"), Created: epoch})
	return m
}

func (m *model) clone() *model {
	c := *m
	c.left, c.revoked, c.excused = maps.Clone(m.left), maps.Clone(m.revoked), maps.Clone(m.excused)
	c.consumers, c.apps = slices.Clone(m.consumers), slices.Clone(m.apps)
	if m.late != nil {
		late := *m.late
		c.late = &late
	}
	return &c
}

func (m *model) at(tick int) time.Time { return epoch.Add(time.Duration(tick) * time.Minute) }
func (m *model) now() time.Time        { return m.at(m.tick).Add(m.skew) }

// believed is the state, or what is adopted where it is lost.
func (m *model) believed() State {
	if len(m.state.Generations) > 0 {
		return m.state
	}
	g := Generation{Slot: Main, User: "u", Password: redact.New(m.source), Created: m.now()}
	if m.logsIn(m.mirror) {
		g.Password = redact.New(m.mirror)
	}
	return Adopt(m.state, g, m.seen(State{}), m.desired())
}

// seen is what is observed beside a state.
func (m *model) seen(s State) Observed {
	o := Observed{State: s, Chosen: m.chosen, Holding: map[int64]bool{}, Mirrored: map[int64]bool{}, Running: Nobody, Refused: m.refused, Others: m.foreign, Blind: m.blind}
	for _, a := range m.apps {
		listed := Listed{ID: a.id, Name: a.name, Known: time.Hour}
		if a.expires > 0 {
			listed.Expires = m.at(a.expires)
		}
		o.Apps = append(o.Apps, listed)
	}
	for _, g := range s.Generations {
		secret := g.Password.Reveal()
		o.Mirrored[g.Number] = secret == m.mirror
		o.Holding[g.Number] = secret == m.mirror || m.via && secret == m.rendered
	}
	for _, c := range m.consumers {
		o.Running = min(o.Running, c.number)
		if !m.blind {
			o.Told = max(o.Told, c.number)
		}
	}
	return o
}

func (m *model) desired() Desired {
	overlap := time.Duration(m.overlap) * time.Minute
	if m.naive {
		overlap = 0
	}
	return Desired{Submission: "s", User: "u", Source: redact.New(m.source), Issued: m.issued, Overlap: overlap, Lifetime: time.Duration(m.lifetime) * time.Minute,
		Request: m.request, Fresh: redact.New(fmt.Sprintf("F%d", m.minted+1))}
}

func (m *model) next() Step { return Next(m.seen(m.believed()), m.desired(), m.now()) }

// logsIn reports whether Stalwart accepts a secret.
func (m *model) logsIn(secret string) bool {
	return !m.absent && (secret == m.main || slices.ContainsFunc(m.apps, func(a appPassword) bool { return a.secret == secret && !m.expired(a) }))
}

func (m *model) expired(a appPassword) bool { return a.expires > 0 && m.tick >= a.expires }
