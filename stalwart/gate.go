package stalwart

import (
	"crypto/sha256"
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

// Gate decides whether a credential may be offered. It knows credentials by
// digest only. All requests with a credential go through one gate; while a
// credential is not known to be good, one at a time.
type Gate struct {
	mu      sync.Mutex
	known   map[[32]byte]*credentialState
	refused []time.Time // of the last 24 hours
}

type credentialState struct {
	trial    sync.Mutex // held while an unproven credential is being tried
	good     bool
	refusals int
	last     time.Time
	spare    bool // one try more: Stalwart restarted since the last refusal
}

// NewGate returns a gate that has seen nothing.
func NewGate() *Gate { return &Gate{known: map[[32]byte]*credentialState{}} }

// Do lets try run with the credential, or refuses without running it. try
// reports whether the server rejected the credential.
func (g *Gate) Do(c Credential, try func() (rejected bool, err error)) error {
	s := g.state(c)
	if !g.good(s) {
		s.trial.Lock()
		defer s.trial.Unlock()
		if wait := g.wait(s); wait > 0 {
			return &RejectedError{User: c.User, After: wait}
		}
	}
	rejected, err := try()
	if rejected {
		g.refuse(s)
		return &RejectedError{User: c.User, After: g.wait(s)}
	}
	if err == nil {
		g.accept(s)
	}
	return err
}

// Renew allows every refused credential one more try: Stalwart restarted, and it
// reads its administrator's password only when it starts.
func (g *Gate) Renew() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.known {
		s.spare = true
	}
}

func (g *Gate) state(c Credential) *credentialState {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := sha256.Sum256([]byte(c.User + "\x00" + c.Password.Reveal()))
	s := g.known[key]
	if s == nil {
		s = &credentialState{}
		g.known[key] = s
	}
	return s
}

func (g *Gate) good(s *credentialState) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return s.good
}

// wait says how long the credential must not be offered; 0 means now.
func (g *Gate) wait(s *credentialState) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.forgetOld(now)
	if len(g.refused) >= dailyRefusals {
		return g.refused[0].Add(24 * time.Hour).Sub(now)
	}
	if s.refusals < freeTries || s.spare {
		return 0
	}
	return max(0, s.last.Add(trickleEvery).Sub(now))
}

func (g *Gate) refuse(s *credentialState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	s.good, s.spare, s.last = false, false, now
	s.refusals++
	g.refused = append(g.refused, now)
}

func (g *Gate) accept(s *credentialState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.good, s.spare, s.refusals = true, false, 0
}

func (g *Gate) forgetOld(now time.Time) {
	for len(g.refused) > 0 && now.Sub(g.refused[0]) >= 24*time.Hour {
		g.refused = g.refused[1:]
	}
}
