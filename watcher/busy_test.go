package watcher_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openova-io/smtp-mirror/watcher"
)

// TestTheLoopIsBusyUntilWhoWasWokenHasRun: what runs wakes what is idle, and both have
// to be over; what is only to be looked at again later is not waited for.
func TestTheLoopIsBusyUntilWhoWasWokenHasRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l *watcher.Loop
		told := false
		first, second := newFake(), newFake()
		first.behave(func(context.Context) (watcher.Result, error) {
			time.Sleep(time.Second)
			l.Wake("s")
			return watcher.Result{Outcome: watcher.Converged, After: time.Minute}, nil
		})
		second.behave(func(context.Context) (watcher.Result, error) {
			time.Sleep(500 * time.Millisecond)
			return converged()
		})
		all := first.as("a")
		all["b"] = second
		l = watcher.NewLoop(watcher.LoopOptions{Reconcilers: all, Routes: watcher.Routes{"s": {"b"}}, Resync: time.Hour,
			Observe: func(x watcher.Transition) { told = told || second.runs() == 2 && !l.Busy() }})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); l.Run(ctx) }()
		for _, at := range []struct {
			after time.Duration
			busy  bool
		}{{100 * time.Millisecond, true}, {700 * time.Millisecond, true}, {500 * time.Millisecond, true}, {time.Second, false}, {30 * time.Second, false}} {
			time.Sleep(at.after)
			synctest.Wait()
			if l.Busy() != at.busy {
				t.Errorf("%s later it is busy: %t", at.after, !at.busy)
			}
		}
		if second.runs() != 2 || !told {
			t.Errorf("%d runs; whoever is told of the last one sees the loop at rest: %t", second.runs(), told)
		}
		stop()
		<-done
	})
}
