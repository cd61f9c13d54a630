package watcher_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openova-io/smtp-mirror/watcher"
)

// TestStatusBeforeAnyRun: every target is listed, sorted, as pending.
func TestStatusBeforeAnyRun(t *testing.T) {
	f := newFake()
	l := watcher.NewLoop(watcher.LoopOptions{Reconcilers: map[watcher.Target]watcher.Reconciler{"b": f, "a": f}})
	all := l.Status()
	if len(all) != 2 || all[0].Name != "a" || all[1].Name != "b" {
		t.Fatalf("%+v", all)
	}
	for _, s := range all {
		if s.Outcome != watcher.Retrying || s.Reason != watcher.ReasonPending || s.Since.IsZero() || s.LastProof != nil {
			t.Errorf("%+v", s)
		}
	}
}

// TestLastProofStays: a run without a proof does not take back the last one.
func TestLastProofStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := time.Now()
		f := newFake()
		f.behave(func(context.Context) (watcher.Result, error) {
			if f.runs() == 1 {
				return watcher.Result{Outcome: watcher.Converged, LastProof: at}, nil
			}
			return watcher.Result{}, errors.New("broken")
		})
		l := start(t, watcher.LoopOptions{Reconcilers: f.as("a"), Routes: watcher.Routes{"s": {"a"}}, Resync: time.Hour})
		synctest.Wait()
		l.Wake("s")
		synctest.Wait()
		if s := l.Status()[0]; s.Outcome != watcher.Retrying || s.LastProof == nil || !s.LastProof.Equal(at) {
			t.Errorf("%+v", s)
		}
	})
}

// TestUnknownSourcesWakeNobody: a source without a route is no crash.
func TestUnknownSourcesWakeNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		l := start(t, watcher.LoopOptions{Reconcilers: f.as("a"), Routes: watcher.Routes{"s": {"a"}}, Resync: time.Hour})
		synctest.Wait()
		l.Wake("nobody")
		synctest.Wait()
		if f.runs() != 1 {
			t.Errorf("%d runs", f.runs())
		}
	})
}

// TestRoutesTargets: each once, sorted.
func TestRoutesTargets(t *testing.T) {
	r := watcher.Routes{"x": {"b", "a"}, "y": {"c", "a"}, "z": nil}
	if got := r.Targets(); !slices.Equal(got, []watcher.Target{"a", "b", "c"}) {
		t.Errorf("%v", got)
	}
}

// TestReasonOf: the reason of whatever in the chain names one.
func TestReasonOf(t *testing.T) {
	rows := []struct {
		err  error
		want string
	}{
		{errors.New("plain"), watcher.ReasonError},
		{wait{}, "Waiting"},
		{errors.Join(errors.New("plain"), wait{}), "Waiting"},
		{&watcher.HoldError{Why: "X"}, "X"},
		{&watcher.DeniedError{Err: wait{}}, watcher.ReasonForbidden},
	}
	for _, row := range rows {
		if got := watcher.ReasonOf(row.err); got != row.want {
			t.Errorf("%v: %s, want %s", row.err, got, row.want)
		}
	}
}
