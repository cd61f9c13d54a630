package doctor

import (
	"context"
	"sync"
	"time"
)

// Stalwart as it is shipped takes five connections a second from one address, and
// closes the sixth without a word. The controller and consumers may share ours.
const (
	apart = 250 * time.Millisecond // between the beginnings of two connections
	again = time.Second            // after which a connection that came to nothing is tried once more
)

// door lets one after the other through to Stalwart. The zero value is open.
type door struct {
	mu   sync.Mutex
	next time.Time
}

// enter waits for its turn.
func (d *door) enter(ctx context.Context) error {
	d.mu.Lock()
	now := time.Now()
	turn := d.next
	if turn.Before(now) {
		turn = now
	}
	d.next = turn.Add(apart)
	d.mu.Unlock()
	return pause(ctx, turn.Sub(now))
}

// pause waits, unless the context ends before.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err() //nolint:wrapcheck // it is told in other words
	}
}
