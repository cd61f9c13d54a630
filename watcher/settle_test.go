package watcher_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openova-io/smtp-mirror/watcher"
)

// canary stands for a password in everything that must not show one.
const canary = "canary-of-the-watcher-tests"

// attempts runs one target for a while and gives the pauses between its runs.
func attempts(t *testing.T, d time.Duration, do func() (watcher.Result, error)) (pauses []time.Duration, last watcher.Status) {
	t.Helper()
	var previous time.Time
	f := newFake()
	f.behave(func(context.Context) (watcher.Result, error) {
		if !previous.IsZero() {
			pauses = append(pauses, time.Since(previous))
		}
		previous = time.Now()
		return do()
	})
	l := watcher.NewLoop(watcher.LoopOptions{Reconcilers: f.as("a"), Resync: 1000 * time.Hour})
	stop := run(l)
	time.Sleep(d)
	synctest.Wait()
	stop()
	return pauses, l.Status()[0]
}

// TestAnErrorIsRetriedOnTheCurve: from a quarter of a second up to half a minute,
// for ever.
func TestAnErrorIsRetriedOnTheCurve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pauses, s := attempts(t, time.Hour, func() (watcher.Result, error) { return watcher.Result{}, errors.New("the world is broken") })
		if len(pauses) < 120 || pauses[0] > 375*time.Millisecond {
			t.Errorf("%d retries in an hour, the first after %s", len(pauses), pauses[0])
		}
		for i, p := range pauses {
			if p <= 0 || p > watcher.MaxRetryDelay {
				t.Fatalf("retry %d came after %s", i, p)
			}
			if i > 10 && p < 10*time.Second {
				t.Fatalf("retry %d came after %s only", i, p)
			}
		}
		if s.Outcome != watcher.Retrying || s.Message != "the world is broken" || time.Since(s.Since) < 59*time.Minute {
			t.Errorf("%+v", s)
		}
	})
}

// TestASuccessStartsTheCurveOver: after it, the next failure is retried at once
// again.
func TestASuccessStartsTheCurveOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		pauses, _ := attempts(t, time.Hour, func() (watcher.Result, error) {
			n++
			if n == 12 {
				return watcher.Result{Outcome: watcher.Converged, After: time.Second}, nil
			}
			return watcher.Result{}, errors.New("broken")
		})
		if pauses[11] != time.Second || pauses[12] > 375*time.Millisecond {
			t.Errorf("after the success: %s, %s", pauses[11], pauses[12])
		}
	})
}

// wait is an error of another room that says by itself that it is a wait.
type wait struct{ after time.Duration }

func (w wait) Error() string       { return "somebody has to act" }
func (w wait) Reason() string      { return "Waiting" }
func (w wait) Hold() time.Duration { return w.after }

// TestAHoldIsNoRetry: a wait is looked at again after its time, or not at all
// before the resync, and is posted as held with its reason.
func TestAHoldIsNoRetry(t *testing.T) {
	rows := []struct {
		name  string
		do    func() (watcher.Result, error)
		pause time.Duration // 0 = none within the hour
		why   string
	}{
		{"a result with a time", func() (watcher.Result, error) {
			return watcher.Result{Outcome: watcher.Held, Reason: "Waiting", After: 7 * time.Second}, nil
		}, 7 * time.Second, "Waiting"},
		{"a result without a time", func() (watcher.Result, error) {
			return watcher.Result{Outcome: watcher.Held, Reason: "Waiting"}, nil
		}, 0, "Waiting"},
		{"a HoldError with a time", func() (watcher.Result, error) {
			return watcher.Result{}, &watcher.HoldError{Why: "Waiting", Text: "somebody has to act", After: time.Minute}
		}, time.Minute, "Waiting"},
		{"a HoldError without a time", func() (watcher.Result, error) {
			return watcher.Result{}, &watcher.HoldError{Why: "Waiting", Text: "somebody has to act"}
		}, 0, "Waiting"},
		{"an error of another room, wrapped", func() (watcher.Result, error) {
			return watcher.Result{}, fmt.Errorf("reading: %w", wait{5 * time.Second})
		}, 5 * time.Second, "Waiting"},
		{"a cache that may not be filled is looked at when its grace is over", func() (watcher.Result, error) {
			return watcher.Result{}, &watcher.DeniedError{Err: errors.New("secrets is forbidden")}
		}, 3 * time.Second, watcher.ReasonForbidden},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pauses, s := attempts(t, time.Hour, row.do)
				if s.Outcome != watcher.Held || s.Reason != row.why {
					t.Errorf("%+v", s)
				}
				if row.pause == 0 && len(pauses) > 0 || row.pause > 0 && (len(pauses) == 0 || pauses[0] != row.pause) {
					t.Errorf("%d retries: %v", len(pauses), pauses[:min(3, len(pauses))])
				}
			})
		})
	}
}

// TestAPanicIsAFailureWithoutItsValue: the value may be anything, a password too.
func TestAPanicIsAFailureWithoutItsValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []watcher.Transition
		f := newFake()
		f.behave(func(context.Context) (watcher.Result, error) { panic(fmt.Errorf("with %s in it", canary)) })
		l := start(t, watcher.LoopOptions{Reconcilers: f.as("a"), Resync: time.Hour, Observe: func(tr watcher.Transition) { seen = append(seen, tr) }})
		time.Sleep(time.Minute)
		synctest.Wait()
		s := l.Status()[0]
		if s.Outcome != watcher.Retrying || s.Reason != watcher.ReasonPanic || f.runs() < 4 {
			t.Errorf("%d runs: %+v", f.runs(), s)
		}
		var stack interface{ Stack() string }
		if !errors.As(seen[0].Err, &stack) || !strings.Contains(stack.Stack(), "settle_test.go") {
			t.Error("the stack does not lead to the place")
		}
		shown := fmt.Sprintf("%+v %#v %v", seen, s, stack.Stack())
		if strings.Contains(shown, canary) {
			t.Error("the value of a panic is shown")
		}
	})
}

// TestTransitions: what counts as a new trouble and as its end, by what two runs
// in a row give.
func TestTransitions(t *testing.T) {
	ok := watcher.Result{Outcome: watcher.Converged}
	told := watcher.Result{Outcome: watcher.Converged, Reason: "ReloadFailed", Message: "because of x"}
	held := watcher.Result{Outcome: watcher.Held, Reason: "SourceInvalid", Message: "smtp-host is empty"}
	other := watcher.Result{Outcome: watcher.Held, Reason: "SourceInvalid", Message: "smtp-port is empty"}
	broken, also := errors.New("dial 1"), errors.New("dial 2")
	rows := []struct {
		name               string
		first, second      any // a Result or an error; nil = the target has not run before
		trouble, recovered bool
	}{
		{"first run, converged", nil, ok, false, false},
		{"first run, held", nil, held, true, false},
		{"first run, failing", nil, broken, true, false},
		{"nothing new", ok, ok, false, false},
		{"held", ok, held, true, false},
		{"held for the same", held, held, false, false},
		{"held for another field", held, other, true, false},
		{"failing", ok, broken, true, false},
		{"failing with another text", broken, also, false, false},
		{"failing after held", held, broken, true, false},
		{"refused, which may pass", broken, &watcher.DeniedError{Err: broken}, false, false},
		{"recovered from held", held, ok, false, true},
		{"recovered from failing", broken, ok, false, true},
		{"converged with something to tell", ok, told, true, false},
		{"the same to tell again", told, told, false, false},
		{"nothing to tell any more", told, ok, false, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := lastTransition(t, row.first, row.second)
				if got.Trouble() != row.trouble || got.Recovered() != row.recovered {
					t.Errorf("trouble %t, recovered %t: %+v -> %+v", got.Trouble(), got.Recovered(), got.Before, got.After)
				}
			})
		})
	}
}

// lastTransition runs a target once for each step that is not nil.
func lastTransition(t *testing.T, steps ...any) (last watcher.Transition) {
	t.Helper()
	f := newFake()
	l := watcher.NewLoop(watcher.LoopOptions{Reconcilers: f.as("a"), Resync: time.Hour, Observe: func(tr watcher.Transition) { last = tr }})
	for _, step := range steps {
		if step == nil {
			continue
		}
		r, _ := step.(watcher.Result)
		err, _ := step.(error)
		f.behave(func(context.Context) (watcher.Result, error) { return r, err })
		stop := run(l)
		synctest.Wait()
		stop()
	}
	return last
}
