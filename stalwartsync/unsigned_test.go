package stalwartsync

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openova-io/smtp-mirror/watcher"
)

// TestAnAccountWaitsForTheKeysOfItsDomain after a lost volume, and not for long: whatever
// comes before it is done, and whatever is wrong with the keys is no reason to wait.
func TestAnAccountWaitsForTheKeysOfItsDomain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var keys []string
		var trouble error
		r := &Relay{}
		ops := []Op{{Kind: CreateDomain}, {Kind: CreateAccount}, {Kind: AddWebhook}}
		check := func(what string, given []Op, want int, waits bool) {
			t.Helper()
			done, err := r.signed(t.Context(), given)
			if len(done) != want || (watcher.ReasonOf(err) == ReasonAwaitingKeys) != waits {
				t.Errorf("%s: %d operations, %v", what, len(done), err)
			}
		}
		check("no keys of ours", ops, 3, false)
		r.Returning = func(context.Context) ([]string, error) { return keys, trouble }
		check("nothing is lost", ops, 3, false)
		time.Sleep(time.Hour) // on the fake clock
		keys = []string{"a"}
		check("a key is being put back", ops, 1, true)
		check("another write", ops[2:], 1, false)
		time.Sleep(keysPatience - time.Second)
		check("still", ops, 1, true)
		time.Sleep(time.Second)
		check("too long", ops, 3, false)
		keys = nil
		check("it is back", ops, 3, false)
		keys = []string{"a"}
		check("lost once more", ops, 1, true)
		trouble = errors.New("no answer")
		check("the keys cannot be told", ops, 3, false)
	})
}
