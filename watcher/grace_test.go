package watcher_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openova-io/smtp-mirror/watcher"
)

// TestAWaitBecomesATroubleWhenItsGraceIsOver: a wait of the ordinary course is
// told to nobody at first, is looked at again by itself, and is told once then.
func TestAWaitBecomesATroubleWhenItsGraceIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		begin := time.Now()
		var troubles []time.Duration
		runs := 0
		loop := watcher.NewLoop(watcher.LoopOptions{
			Resync: time.Hour,
			Reconcilers: map[watcher.Target]watcher.Reconciler{"t": watcher.ReconcilerFunc(func(context.Context) (watcher.Result, error) {
				runs++
				return watcher.Result{}, &watcher.HoldError{Why: "Waiting", Text: "for somebody", Grace: 5 * time.Second}
			})},
			Observe: func(tr watcher.Transition) {
				if tr.Trouble() {
					troubles = append(troubles, time.Since(begin))
				}
			},
		})
		go loop.Run(ctx)
		time.Sleep(30 * time.Minute)
		cancel()
		synctest.Wait()
		if len(troubles) != 1 || troubles[0] < 5*time.Second || troubles[0] > 6*time.Second || runs > 3 {
			t.Errorf("troubles at %v after %d runs", troubles, runs)
		}
	})
}

// TestAWaitThatEndsWithinItsGraceIsToldToNobody: neither as a trouble nor as a
// recovery from one.
func TestAWaitThatEndsWithinItsGraceIsToldToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		told := 0
		var ended atomic.Bool
		loop := watcher.NewLoop(watcher.LoopOptions{
			Resync: time.Hour, Routes: watcher.Routes{"news": {"t"}},
			Reconcilers: map[watcher.Target]watcher.Reconciler{"t": watcher.ReconcilerFunc(func(context.Context) (watcher.Result, error) {
				if ended.Load() {
					return watcher.Result{Outcome: watcher.Converged}, nil
				}
				return watcher.Result{}, &watcher.HoldError{Why: "Waiting", Text: "for somebody", Grace: 5 * time.Second}
			})},
			Observe: func(tr watcher.Transition) {
				if tr.Trouble() || tr.Recovered() {
					told++
				}
			},
		})
		go loop.Run(ctx)
		time.Sleep(2 * time.Second)
		ended.Store(true)
		loop.Wake("news")
		time.Sleep(time.Minute)
		cancel()
		synctest.Wait()
		if told != 0 {
			t.Errorf("told %d times", told)
		}
	})
}
