package crowd

import (
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// Counts are what a crowd has met with.
type Counts struct {
	Logins         int // tried
	Refused        int // all of them, but for those of revoked credentials
	RefusedOutside int // of these, outside the windows in which Stalwart was down
	RefusedRevoked int // with a credential that was revoked on purpose
	Throttled      int // outside these windows
	Unreachable    int // outside these windows
	Broken         int // outside these windows
}

// book keeps the counts. The windows are those in which Stalwart is down.
type book struct {
	mu      sync.Mutex
	counts  Counts
	stories []string       // of what should not have been
	pods    map[string]int // credential generation of the template -> Pods that started
	windows []window
	revoked []redact.Secret
}

type window struct{ from, to time.Time }

// most stories are kept; the counts go on.
const most = 40

// Down opens a window in which Stalwart is down, and gives the function that closes it.
func (c *Crowd) Down() (up func()) {
	b := &c.book
	b.mu.Lock()
	defer b.mu.Unlock()
	b.windows = append(b.windows, window{from: time.Now()})
	i := len(b.windows) - 1
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.windows[i].to = time.Now()
	}
}

// Revoked says that a credential is being ended on purpose.
func (c *Crowd) Revoked(password redact.Secret) {
	c.book.mu.Lock()
	defer c.book.mu.Unlock()
	c.book.revoked = append(c.book.revoked, password)
}

// Counts gives what was counted so far.
func (c *Crowd) Counts() Counts {
	c.book.mu.Lock()
	defer c.book.mu.Unlock()
	return c.book.counts
}

// Stories tell what should not have been, one line each; the first of them only.
func (c *Crowd) Stories() []string {
	c.book.mu.Lock()
	defer c.book.mu.Unlock()
	return append([]string{}, c.book.stories...)
}

// Pods counts the Pods that have started, by the credential generation in their
// template; "" is from before any.
func (c *Crowd) Pods() map[string]int {
	c.book.mu.Lock()
	defer c.book.mu.Unlock()
	return maps.Clone(c.book.pods)
}

func (b *book) started(generation string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pods == nil {
		b.pods = map[string]int{}
	}
	b.pods[generation]++
}

// note counts an attempt that began at a time and has just ended.
func (b *book) note(a Attempt, who string, password redact.Secret, began time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts.Logins++
	down, n := b.down(began), &b.counts
	switch {
	case a.Outcome == Accepted:
		return
	case a.Outcome == Refused && b.isRevoked(password):
		n.RefusedRevoked++
		return
	case a.Outcome == Refused && down:
		n.Refused++
		return
	case down:
		return
	}
	switch a.Outcome {
	case Refused:
		n.Refused++
		n.RefusedOutside++
	case Throttled:
		n.Throttled++
	case Unreachable:
		n.Unreachable++
	case Broken:
		n.Broken++
	}
	if len(b.stories) < most {
		b.stories = append(b.stories, fmt.Sprintf("%s %s: %s at %s", time.Now().Format("15:04:05.000"), who, a.Outcome, a.Detail))
	}
}

// down reports whether Stalwart was down at any time since.
func (b *book) down(since time.Time) bool {
	for _, w := range b.windows {
		if w.to.IsZero() || w.to.After(since) {
			return true
		}
	}
	return false
}

func (b *book) isRevoked(password redact.Secret) bool {
	for _, r := range b.revoked {
		if r.Equal(password) {
			return true
		}
	}
	return false
}
