package watcher_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/openova-io/smtp-mirror/watcher"
)

// served is a feed that runs, and what it woke.
type served struct {
	*watcher.Feed[*corev1.Secret]
	api   *api
	wakes atomic.Int64
	stop  func()
}

// serve runs a feed of an API until the test ends.
func serve(t *testing.T, a *api) *served {
	t.Helper()
	s := &served{api: a}
	s.Feed = watcher.NewFeed(a.access(), func() { s.wakes.Add(1) })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx)
	}()
	s.stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(s.stop)
	return s
}

// value is what the cache holds; "" for nothing.
func (s *served) value(t *testing.T) string {
	t.Helper()
	o, err := s.One()
	if err != nil {
		t.Fatalf("the cache: %v", err)
	}
	if o == nil {
		return ""
	}
	return string(o.Data["value"])
}

// within waits until ok, and fails after the limit.
func within(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	began := time.Now()
	for !ok() {
		if time.Since(began) > limit {
			t.Fatalf("%s: not within %s", what, limit)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// inBubble runs a test with a clock of its own.
func inBubble(t *testing.T, test func(t *testing.T, a *api)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newAPI()) })
}

// TestTheFeedFollows: filled at the start, then every event wakes and is seen.
func TestTheFeedFollows(t *testing.T) {
	inBubble(t, func(t *testing.T, a *api) {
		s := serve(t, a)
		if _, err := s.One(); s.Synced() || s.Settled() || watcher.ReasonOf(err) != watcher.ReasonNotSynced {
			t.Errorf("before the first list: synced %t, %v", s.Synced(), err)
		}
		within(t, time.Second, "the first list", s.Synced)
		if got := s.value(t); got != "one" || s.wakes.Load() == 0 {
			t.Fatalf("the cache holds %q after %d wakes", got, s.wakes.Load())
		}
		steps := []struct {
			do   func()
			want string
		}{{func() { a.put("two") }, "two"}, {a.remove, ""}, {func() { a.put("three") }, "three"}}
		for _, step := range steps {
			before := s.wakes.Load()
			step.do()
			synctest.Wait() // no time passes: an event, not the clock
			if got := s.value(t); got != step.want || s.wakes.Load() == before {
				t.Errorf("the cache holds %q, want %q, %d wakes", got, step.want, s.wakes.Load()-before)
			}
		}
		if s.Rebuilds() != 0 {
			t.Errorf("%d rebuilds", s.Rebuilds())
		}
	})
}

// TestAQuietFeedIsQuiet: an hour without a change wakes nobody and rebuilds
// nothing, and is fresh all the time.
func TestAQuietFeedIsQuiet(t *testing.T) {
	inBubble(t, func(t *testing.T, a *api) {
		s := serve(t, a)
		time.Sleep(time.Minute)
		before := s.wakes.Load()
		for range 60 {
			time.Sleep(time.Minute)
			if age := time.Since(s.FreshAt()); age > 25*time.Second || s.StaleFor() != 0 {
				t.Fatalf("the last proof of freshness is %s old", age)
			}
		}
		if s.wakes.Load() != before || s.Rebuilds() != 0 {
			t.Errorf("%d wakes, %d rebuilds", s.wakes.Load()-before, s.Rebuilds())
		}
	})
}

// TestADeadWatchIsFound: a connection that swallows bytes looks like a quiet
// cluster, and only the clock can tell.
func TestADeadWatchIsFound(t *testing.T) {
	inBubble(t, func(t *testing.T, a *api) {
		s := serve(t, a)
		within(t, time.Second, "the first list", s.Synced)
		for _, value := range []string{"two", "three"} { // and so is the next one
			a.swallow()
			before := s.wakes.Load()
			a.put(value)
			within(t, 30*time.Second, "the change", func() bool { return s.value(t) == value })
			if s.wakes.Load() == before {
				t.Error("nobody was woken")
			}
		}
		if s.Rebuilds() != 2 || s.StaleFor() != 0 {
			t.Errorf("%d rebuilds, stale for %s", s.Rebuilds(), s.StaleFor())
		}
	})
}

// TestEveryWatchIsDead: also a new one brings nothing, as behind a proxy that
// swallows them all. The list does.
func TestEveryWatchIsDead(t *testing.T) {
	inBubble(t, func(t *testing.T, a *api) {
		a.mute = true
		s := serve(t, a)
		within(t, time.Second, "the first list", s.Synced)
		for _, value := range []string{"two", "three"} {
			a.put(value)
			within(t, 30*time.Second, "the change", func() bool { return s.value(t) == value })
		}
	})
}

// TestADeletionBehindADeadWatch is the same for what is gone.
func TestADeletionBehindADeadWatch(t *testing.T) {
	inBubble(t, func(t *testing.T, a *api) {
		s := serve(t, a)
		within(t, time.Second, "the first list", s.Synced)
		a.swallow()
		a.remove()
		before := s.wakes.Load()
		within(t, 30*time.Second, "the deletion", func() bool { return s.value(t) == "" })
		if s.wakes.Load() == before {
			t.Error("nobody was woken: an empty list is no event")
		}
	})
}

// TestTheVersionHasExpired: 410 Gone, as an answer and as an event of the watch,
// is no trouble: the reflector lists again.
func TestTheVersionHasExpired(t *testing.T) {
	inBubble(t, func(t *testing.T, a *api) {
		s := serve(t, a)
		within(t, time.Second, "the first list", s.Synced)
		status := apierrors.NewResourceExpired("too old resource version").Status()
		a.hangUp(watch.Event{Type: watch.Error, Object: &status})
		a.put("two") // nobody is watching
		within(t, 5*time.Second, "the change", func() bool { return s.value(t) == "two" })
		a.hangUp()
		a.put("three")
		a.compact()
		within(t, 5*time.Second, "the change before the watch", func() bool { return s.value(t) == "three" })
		if s.Rebuilds() != 0 {
			t.Errorf("%d rebuilds", s.Rebuilds())
		}
	})
}
