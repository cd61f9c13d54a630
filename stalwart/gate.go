package stalwart

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// The authentication budget. Stalwart counts failures per address and per login
// name, over all protocols and clients, and bans at 100 a day, by default for
// ever. Two tries tell a typo from a race with a restart; after that one try an
// hour, and never more than dailyRefusals in any 24 hours, whatever happens.
const (
	freeTries     = 2
	trickleEvery  = time.Hour
	dailyRefusals = 40
)

// budget counts refused logins of all gates together: Stalwart counts by address,
// and all gates of a process have one. It is safe for concurrent use.
type budget struct {
	mu      sync.Mutex
	refused []time.Time // of the last 24 hours
}

// spent is how long no further login may be risked; 0 means there is room.
func (b *budget) spent(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.refused) > 0 && now.Sub(b.refused[0]) >= 24*time.Hour {
		b.refused = b.refused[1:]
	}
	if len(b.refused) < dailyRefusals {
		return 0
	}
	return b.refused[0].Add(24 * time.Hour).Sub(now)
}

func (b *budget) spend(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused = append(b.refused, now)
}

// Gates are the gates of a process by the name of what they guard and where, on one budget. They outlive a
// configuration: a change of another key is no reason to offer a refused password
// again. The zero value is ready; it is safe for concurrent use.
type Gates struct {
	mu     sync.Mutex
	budget budget
	byName map[string]*Gate
}

// Named gives the gate of that name, always the same.
func (g *Gates) Named(name string) *Gate {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.byName == nil {
		g.byName = map[string]*Gate{}
	}
	if g.byName[name] == nil {
		g.byName[name] = newGate(&g.budget)
	}
	return g.byName[name]
}

// Gate decides whether a credential may be offered. It knows credentials by
// digest only. All requests with a credential go through one gate; while a
// credential is not known to be good, one at a time.
type Gate struct {
	mu     sync.Mutex
	known  map[[32]byte]*credentialState
	budget *budget
}

type credentialState struct {
	trial    chan struct{} // holds one while an unproven credential is being tried
	good     bool
	refusals int
	cuts     int // logins that ended without an answer, since one was accepted
	last     time.Time
	spare    bool        // one try more: Stalwart restarted since the last refusal
	spares   []time.Time // when restarts have bought one, of the last spareSpan
}

// NewGate returns a gate that has seen nothing, with a budget of its own.
func NewGate() *Gate { return newGate(&budget{}) }

func newGate(b *budget) *Gate {
	return &Gate{known: map[[32]byte]*credentialState{}, budget: b}
}

// Do lets try run with the credential, or refuses without running it. try
// reports whether the server rejected the credential.
func (g *Gate) Do(ctx context.Context, c Credential, try func() (rejected bool, err error)) error {
	s := g.state(c)
	if !g.good(s) {
		select {
		case s.trial <- struct{}{}:
		case <-ctx.Done():
			return fmt.Errorf("waiting for another login: %w", ctx.Err())
		}
		defer func() { <-s.trial }()
		if wait, spent := g.wait(s); wait > 0 {
			return &RejectedError{User: c.User, After: wait, Spent: spent}
		}
	}
	rejected, err := try()
	if rejected {
		g.refuse(s)
		wait, spent := g.wait(s)
		return &RejectedError{User: c.User, After: wait, Spent: spent}
	}
	switch {
	case err == nil:
		g.accept(s)
	case errors.Is(err, ErrCut):
		g.cut(s)
	}
	return err
}

// ErrCut is what a try returns whose login was cut off after the password was sent.
// It may have been counted: an app password that is used from an address which it is
// not for ends like that (observed on 0.16), and so does a server that dies.
var ErrCut = errors.New("the login was cut off")

// A few are tried again soon, because a server that dies is back soon.
const (
	freeCuts = 10
	cutEvery = 10 * time.Minute
)

func (g *Gate) cut(s *credentialState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.good, s.last = false, time.Now()
	s.cuts++
	g.budget.spend(s.last)
}

// A connection that comes and goes can look like a restart, so restarts buy a few
// tries and no more. A second restart may well be the one that counts: the first read
// another password.
const (
	spareTries = 4
	spareSpan  = 40 * time.Minute
)

// Renew allows every refused credential one more try: Stalwart restarted, and it
// reads its administrator's password only when it starts.
func (g *Gate) Renew() {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	for _, s := range g.known {
		s.cuts = 0
		s.spares = slices.DeleteFunc(s.spares, func(at time.Time) bool { return now.Sub(at) >= spareSpan })
		if !s.spare && len(s.spares) < spareTries {
			s.spare, s.spares = true, append(s.spares, now)
		}
	}
}

// Retry allows one credential one more try: it has just been set.
func (g *Gate) Retry(c Credential) {
	s := g.state(c)
	g.mu.Lock()
	defer g.mu.Unlock()
	s.spare = true
}

func (g *Gate) state(c Credential) *credentialState {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := sha256.Sum256([]byte(c.User + "\x00" + c.Password.Reveal()))
	s := g.known[key]
	if s == nil {
		s = &credentialState{trial: make(chan struct{}, 1)}
		g.known[key] = s
	}
	return s
}

func (g *Gate) good(s *credentialState) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return s.good
}

// wait says how long the credential must not be offered; 0 means now. spent tells
// that others have used up the budget.
func (g *Gate) wait(s *credentialState) (wait time.Duration, spent bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if until := g.budget.spent(now); until > 0 {
		return until, true
	}
	if s.cuts >= freeCuts && s.refusals < freeTries {
		return max(0, s.last.Add(cutEvery).Sub(now)), false
	}
	if s.refusals < freeTries || s.spare {
		return 0, false
	}
	return max(0, s.last.Add(trickleEvery).Sub(now)), false
}

func (g *Gate) refuse(s *credentialState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	s.good, s.spare, s.last = false, false, now
	s.refusals++
	g.budget.spend(now)
}

func (g *Gate) accept(s *credentialState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.good, s.spare, s.refusals, s.cuts = true, false, 0, 0
}
