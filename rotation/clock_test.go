package rotation

import (
	"testing"
	"time"
)

// jumps walks through every order of a rotation and one jump of the wall clock.
func jumps(t *testing.T, jump time.Duration, lax bool) {
	b := budget{changes: 1, crashes: 1, jump: jump}
	for name, k := range map[string]kind{"0.16": {}, "0.15": {chosen: true}, "0.16 issued": {issued: true}, "0.15 issued": {chosen: true, issued: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(k, b, 1)
			m.lax, m.patience = lax, 3*m.overlap+1
			w := explore(m, limit(30))
			if w.violation != "" {
				t.Fatal(w.violation)
			}
			t.Logf("%d states, %d deep, all of them: %t", len(w.seen), w.deepest, w.whole)
		})
	}
}

// TestClockJumpsBack by an hour, at any moment: everything that was promised holds,
// and it comes to rest no later than without.
func TestClockJumpsBack(t *testing.T) { jumps(t, -time.Hour, false) }

// TestClockJumpsForth by an hour, at any moment: the overlap seems to be over, so
// what left the mirrors a while ago may end early. The mirrors and the configured
// consumers still log in at every instant: they are asked, not timed.
func TestClockJumpsForth(t *testing.T) { jumps(t, time.Hour, true) }
