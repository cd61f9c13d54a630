package watcher_test

import (
	"errors"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// TestTheAPIServerIsAwayForAMinute: the old content is served all the time, and
// the change that was made meanwhile arrives within 2 s of its return.
func TestTheAPIServerIsAwayForAMinute(t *testing.T) {
	for name, err := range map[string]error{
		"refused": syscall.ECONNREFUSED, "an error of its own": errors.New("EOF"),
		"etcd is away": apierrors.NewInternalError(errors.New("etcdserver: no leader")), "overloaded": apierrors.NewTooManyRequests("later", 1),
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, a *api) {
				s := serve(t, a)
				within(t, time.Second, "the first list", s.Synced)
				a.fail(err, "list", "watch", "get")
				a.hangUp()
				for range 60 + rand.IntN(10) {
					time.Sleep(990 * time.Millisecond) // not in step with our clock
					if s.value(t) != "one" || !s.Synced() {
						t.Fatal("the cache was blanked")
					}
				}
				a.put("two")
				a.fail(nil, "list", "watch", "get")
				within(t, 2*time.Second, "the change", func() bool { return s.value(t) == "two" })
			})
		})
	}
}

// TestTheAPIServerIsAwayAtTheStart: whenever it comes, the cache is filled within
// 5 s.
func TestTheAPIServerIsAwayAtTheStart(t *testing.T) {
	for _, away := range []time.Duration{time.Second, 4 * time.Second, 6 * time.Second, 9 * time.Second, 12 * time.Second, time.Minute} {
		t.Run(away.String(), func(t *testing.T) {
			inBubble(t, func(t *testing.T, a *api) {
				a.fail(syscall.ECONNREFUSED, "list", "watch", "get")
				s := serve(t, a)
				time.Sleep(away)
				if s.Settled() {
					t.Fatal("settled without an API server")
				}
				a.fail(nil, "list", "watch", "get")
				within(t, 5*time.Second, "the first list", s.Synced)
			})
		})
	}
}

// TestTheStopIsQuick: also while the API server is away, when client-go sleeps
// out a back-off that listens to nobody.
func TestTheStopIsQuick(t *testing.T) {
	inBubble(t, func(t *testing.T, a *api) {
		s := serve(t, a)
		within(t, time.Second, "the first list", s.Synced)
		a.fail(syscall.ECONNREFUSED, "list", "watch", "get")
		a.hangUp()
		time.Sleep(5 * time.Minute)
		began := time.Now()
		s.stop()
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %s", took)
		}
	})
}
