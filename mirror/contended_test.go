package mirror_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openova-io/smtp-mirror/mirror"
	"github.com/openova-io/smtp-mirror/watcher"
)

// TestAnotherWriterIsNoHotLoop: the same edit after every repair is repaired a few
// dozen times at once, then every few moments, and said.
func TestAnotherWriterIsNoHotLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.prove(canary)
		repaired, contended := 0, 0
		for begin := time.Now(); time.Since(begin) < time.Minute; {
			_, err := w.Reconcile(t.Context())
			var hold *watcher.HoldError
			switch {
			case err == nil:
				repaired++
				w.target.stored.Data["user"] = []byte("the other writer")
			case errors.As(err, &hold) && hold.Why == mirror.ReasonContended:
				contended++
				time.Sleep(hold.After)
			default:
				t.Fatal(err)
			}
		}
		if repaired < 60 || repaired > 200 || contended == 0 {
			t.Errorf("%d repairs and %d waits in a minute", repaired, contended)
		}
	})
}

// TestManyEditsAreRepairedAtOnce: a person, or a test, who edits one key after the
// other is no such writer.
func TestManyEditsAreRepairedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.prove(canary)
		for range 4 {
			for _, key := range []string{"smtp-host", "smtp-port", "smtp-from", "smtp-user", "smtp-pass", "user", "password"} {
				if _, err := w.Reconcile(t.Context()); err != nil {
					t.Fatal(err)
				}
				delete(w.target.stored.Data, key)
			}
		}
	})
}
