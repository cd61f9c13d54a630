package watcher_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/openova-io/smtp-mirror/watcher"
)

// TestBackoffOverADay fails without end for a simulated day, several times
// because the curve is jittered: no pause is over 30 s or is none at all, and the
// curve never stops.
func TestBackoffOverADay(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			b := watcher.NewBackoff()
			began, n := time.Now(), 0
			for time.Since(began) < 24*time.Hour {
				d := b.When("a")
				n++
				if d <= 0 || d > watcher.MaxRetryDelay {
					t.Fatalf("failure %d: a pause of %s after %s", n, d, time.Since(began))
				}
				time.Sleep(d)
			}
			if n < 24*120 || n > 24*360 { // between every 30 s and every 10 s
				t.Errorf("%d tries in a day", n)
			}
			if b.NumRequeues("a") != n {
				t.Errorf("%d failures are counted as %d", n, b.NumRequeues("a"))
			}
		})
	}
}

// TestBackoffIsPerTarget: the failures of one do not slow another down, and
// Forget starts over.
func TestBackoffIsPerTarget(t *testing.T) {
	b := watcher.NewBackoff()
	for range 20 {
		b.When("a")
	}
	if d := b.When("b"); d > 375*time.Millisecond {
		t.Errorf("the first failure of b waits %s", d)
	}
	b.Forget("a")
	if n := b.NumRequeues("a"); n != 0 {
		t.Errorf("%d failures after Forget", n)
	}
	if d := b.When("a"); d > 375*time.Millisecond {
		t.Errorf("the first failure after Forget waits %s", d)
	}
}

// TestBackoffIsJittered: targets that fail together do not come back together.
func TestBackoffIsJittered(t *testing.T) {
	b := watcher.NewBackoff()
	seen := map[time.Duration]bool{}
	for _, target := range []watcher.Target{"a", "b", "c", "d", "e", "f", "g", "h"} {
		seen[b.When(target)] = true
	}
	if len(seen) < 2 {
		t.Error("eight targets wait the same")
	}
}
