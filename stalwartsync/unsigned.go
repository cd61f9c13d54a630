package stalwartsync

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/watcher"
)

// Bounds of the wait for DKIM keys: putting them back takes some requests. A login that
// works counts for more than a signature, so the wait is short whatever becomes of them.
const (
	keysPatience = 10 * time.Second
	keysPause    = 500 * time.Millisecond // it is woken when a key has moved
)

// signed leaves the account out of what is done now, and says what it waits for, while
// keys of the domain that were in use before a lost volume are being put back: what it
// sent in this moment would have no signature, or one that nobody can verify. What comes before the account is done:
// the keys need the domain.
func (r *Relay) signed(ctx context.Context, ops []Op) ([]Op, error) {
	i := slices.IndexFunc(ops, func(op Op) bool { return op.Kind == CreateAccount })
	if i < 0 || r.Returning == nil {
		return ops, nil
	}
	keys, err := r.Returning(ctx)
	if err != nil || len(keys) == 0 { // whatever is wrong with the keys is theirs to say
		r.unsigned = time.Time{}
		return ops, nil //nolint:nilerr // see above
	}
	if r.unsigned.IsZero() {
		r.unsigned = time.Now()
	}
	if time.Since(r.unsigned) >= keysPatience {
		return ops, nil
	}
	return ops[:i], &watcher.HoldError{Why: ReasonAwaitingKeys, Text: "after a lost volume the DKIM keys " + strings.Join(keys, ", ") + " are on their way; the account follows", After: keysPause, Grace: keysPatience}
}
