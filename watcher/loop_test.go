package watcher_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openova-io/smtp-mirror/watcher"
)

// TestATargetNeverRunsTwiceAtOnce wakes one target all the time while it works:
// all of that collapses into one more run after this one.
func TestATargetNeverRunsTwiceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := newFake()
		slow.behave(func(ctx context.Context) (watcher.Result, error) {
			time.Sleep(10 * time.Second)
			return converged()
		})
		all := slow.as("a")
		all["idle"] = newFake() // its worker has time for a too
		l := start(t, watcher.LoopOptions{Reconcilers: all, Routes: watcher.Routes{"s": {"a"}}, Resync: time.Hour})
		for range 1000 {
			l.Wake("s")
			time.Sleep(5 * time.Millisecond) // 5 s of wakes, all within the first run
		}
		time.Sleep(time.Minute)
		if slow.runs() != 2 {
			t.Errorf("%d runs, want the first and one for all wakes during it", slow.runs())
		}
		if slow.most() != 1 {
			t.Errorf("%d runs at once", slow.most())
		}
	})
}

// TestASlowTargetStarvesNoOther blocks all targets but one: that one answers at
// once, however many the others are.
func TestASlowTargetStarvesNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		quick := newFake()
		all := quick.as("quick")
		for _, name := range []watcher.Target{"b", "c", "d"} {
			stuck := newFake()
			stuck.behave(func(ctx context.Context) (watcher.Result, error) {
				<-ctx.Done()
				return watcher.Result{}, ctx.Err()
			})
			all[name] = stuck.as(name)[name]
		}
		l := start(t, watcher.LoopOptions{Reconcilers: all, Routes: watcher.Routes{"s": {"quick"}}, Resync: time.Hour})
		synctest.Wait()
		for i := range 5 {
			l.Wake("s")
			synctest.Wait() // no time passes here
			if want := i + 2; quick.runs() != want {
				t.Fatalf("%d runs after %d wakes, want %d", quick.runs(), i+1, want)
			}
		}
	})
}

// TestARunEndsAfterThirtySeconds: nothing waits longer, whatever a reconciler
// does with its context.
func TestARunEndsAfterThirtySeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging := newFake()
		hanging.behave(func(ctx context.Context) (watcher.Result, error) {
			<-ctx.Done()
			return watcher.Result{}, ctx.Err()
		})
		l := start(t, watcher.LoopOptions{Reconcilers: hanging.as("a"), Resync: time.Hour})
		time.Sleep(watcher.ReconcileTimeout + time.Millisecond)
		synctest.Wait()
		if s := l.Status()[0]; s.Outcome != watcher.Retrying || s.Reason != watcher.ReasonError {
			t.Errorf("%+v", s)
		}
	})
}

// TestResyncReachesEveryTarget: within a little more than the resync each target
// runs again although nobody wakes it, and not much more often.
func TestResyncReachesEveryTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newFake(), newFake()
		all := a.as("a")
		all["b"] = b.as("b")["b"]
		l := start(t, watcher.LoopOptions{Reconcilers: all, Resync: 5 * time.Minute})
		time.Sleep(time.Hour)
		synctest.Wait()
		for name, f := range map[string]*fake{"a": a, "b": b} {
			if f.runs() < 11 || f.runs() > 15 { // 60 / 5.5 and 60 / 4.5, and the first
				t.Errorf("%s ran %d times in an hour of 5 m resyncs", name, f.runs())
			}
		}
		if since := time.Since(l.LastBeat()); since > 2*time.Second {
			t.Errorf("the last beat was %s ago", since)
		}
	})
}

// TestASecondTerm: after one Run has ended, the next one begins with every
// target, serves wakes, and what is known of the targets has stayed.
func TestASecondTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		l := watcher.NewLoop(watcher.LoopOptions{Reconcilers: f.as("a"), Routes: watcher.Routes{"s": {"a"}}, Resync: time.Hour})
		l.Wake("s") // before any term: lost, and made up for by the first runs
		stop := run(l)
		synctest.Wait()
		stop()
		before := l.Status()
		l.Wake("s") // between two terms
		time.Sleep(time.Minute)
		if f.runs() != 1 {
			t.Fatalf("%d runs in the first term", f.runs())
		}
		stop = run(l)
		defer stop()
		synctest.Wait()
		if f.runs() != 2 || l.Status()[0].Since != before[0].Since {
			t.Errorf("%d runs, since %s; the status was %+v", f.runs(), l.Status()[0].Since, before[0])
		}
		l.Wake("s")
		synctest.Wait()
		if f.runs() != 3 {
			t.Errorf("%d runs after a wake in the second term", f.runs())
		}
	})
}

// TestTheStopWaitsForWhatHasBegun: Run returns when the last run has returned,
// and a run that the stop cut short is no trouble.
func TestTheStopWaitsForWhatHasBegun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.behave(func(ctx context.Context) (watcher.Result, error) {
			<-ctx.Done()
			time.Sleep(3 * time.Second) // the last request is still on its way
			return watcher.Result{}, errors.New("cut short")
		})
		l := watcher.NewLoop(watcher.LoopOptions{Reconcilers: f.as("a"), Resync: time.Hour})
		stop := run(l)
		synctest.Wait()
		began := time.Now()
		stop()
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("Run returned after %s", took)
		}
		if s := l.Status()[0]; s.Reason != watcher.ReasonPending {
			t.Errorf("the stop was reported as %+v", s)
		}
	})
}

// TestAChangeIsReportedEvenWhenStopped: what happened has happened.
func TestAChangeIsReportedEvenWhenStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.behave(func(ctx context.Context) (watcher.Result, error) {
			<-ctx.Done()
			return watcher.Result{Changes: []watcher.Change{{Reason: "Applied"}}}, ctx.Err()
		})
		var seen []watcher.Transition
		l := watcher.NewLoop(watcher.LoopOptions{Reconcilers: f.as("a"), Resync: time.Hour, Observe: func(tr watcher.Transition) { seen = append(seen, tr) }})
		stop := run(l)
		synctest.Wait()
		stop()
		if len(seen) != 1 || len(seen[0].Result.Changes) != 1 {
			t.Errorf("%d reports", len(seen))
		}
	})
}

// TestARunThatHangsIsSeen: a reconciler that ignores its time limit shows.
func TestARunThatHangsIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, end := newFake(), make(chan struct{})
		f.behave(func(context.Context) (watcher.Result, error) { <-end; return converged() })
		l := start(t, watcher.LoopOptions{Reconcilers: f.as("a"), Resync: time.Hour})
		time.Sleep(time.Minute)
		if target, span := l.Longest(); target != "a" || span < time.Minute {
			t.Errorf("%s runs for %s", target, span)
		}
		close(end)
		synctest.Wait()
		if _, span := l.Longest(); span != 0 {
			t.Errorf("a run that has ended still runs for %s", span)
		}
	})
}
