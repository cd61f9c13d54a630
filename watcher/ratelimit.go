package watcher

import (
	"sync"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// The retry curve: 0.25 s, doubled, jittered by half, never longer than
// [MaxRetryDelay] with the jitter included. A login hangs on it, so the cap is far
// below client-go's 1000 s.
const (
	firstRetryDelay = 250 * time.Millisecond
	retryJitter     = 0.5
	MaxRetryDelay   = 30 * time.Second
)

// Backoff is the one retry of the program: a jittered exponential curve per
// target, as a workqueue.TypedRateLimiter. It never stops: MaxElapsedTime is 0,
// because the library's default of 15 minutes answers -1, which as a delay is a
// hot loop.
type Backoff struct {
	mu     sync.Mutex
	curves map[Target]*curve
}

type curve struct {
	*backoff.ExponentialBackOff
	failures int
}

// NewBackoff returns the curve with no failures.
func NewBackoff() *Backoff { return &Backoff{curves: map[Target]*curve{}} }

// When counts a failure and says how long to wait after it.
func (b *Backoff) When(t Target) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.curves[t]
	if c == nil {
		c = newCurve()
		b.curves[t] = c
	}
	c.failures++
	return min(c.NextBackOff(), MaxRetryDelay)
}

// Forget starts the curve of a target over.
func (b *Backoff) Forget(t Target) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.curves, t)
}

// NumRequeues is the number of failures since the last Forget.
func (b *Backoff) NumRequeues(t Target) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.curves[t]; c != nil {
		return c.failures
	}
	return 0
}

func newCurve() *curve {
	e := backoff.NewExponentialBackOff()
	e.InitialInterval = firstRetryDelay
	e.Multiplier = 2
	e.RandomizationFactor = retryJitter
	e.MaxInterval = time.Duration(float64(MaxRetryDelay) / (1 + retryJitter))
	e.MaxElapsedTime = 0
	e.Reset()
	return &curve{ExponentialBackOff: e}
}
