package mirror_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openova-io/smtp-mirror/mirror"
	"github.com/openova-io/smtp-mirror/watcher"
)

// TestAnotherWriterIsNoHotLoop: an edit after every repair is repaired a few
// times at once, then every few seconds, and said.
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
		if repaired < 12 || repaired > 80 || contended == 0 {
			t.Errorf("%d repairs and %d waits in a minute", repaired, contended)
		}
	})
}
