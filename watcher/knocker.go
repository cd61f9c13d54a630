package watcher

import (
	"context"
	"net"
	"sync"
	"time"
)

const (
	knockEvery   = time.Second
	knockTimeout = 900 * time.Millisecond
	knockWhile   = time.Minute // after the last report that it is down
)

// Knocker dials addresses that are known to be down, once a second, with a bare
// TCP connection: no request, no login, nothing that a server could count
// against us. The first connection that succeeds wakes, so that a target does not
// sleep out its back-off after the server is back.
type Knocker struct {
	wake func(address string)

	mu   sync.Mutex
	down map[string]time.Time // address -> last report
	more chan struct{}
}

// NewKnocker makes a knocker; wake gets the address that answered.
func NewKnocker(wake func(address string)) *Knocker {
	return &Knocker{wake: wake, down: map[string]time.Time{}, more: make(chan struct{}, 1)}
}

// Down says that nothing answers at a host:port; dialing begins.
func (k *Knocker) Down(address string) {
	k.mu.Lock()
	k.down[address] = time.Now()
	k.mu.Unlock()
	select {
	case k.more <- struct{}{}:
	default:
	}
}

// Up says that the address answers again; dialing ends.
func (k *Knocker) Up(address string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.down, address)
}

// Run dials until ctx ends. It sleeps while nothing is down.
func (k *Knocker) Run(ctx context.Context) {
	tick := time.NewTicker(knockEvery)
	defer tick.Stop()
	for {
		waiting := k.more
		var clock <-chan time.Time
		if len(k.addresses()) > 0 {
			waiting, clock = nil, tick.C
		}
		select {
		case <-ctx.Done():
			return
		case <-waiting:
		case <-clock:
			k.knock(ctx)
		}
	}
}

func (k *Knocker) addresses() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []string
	for a, reported := range k.down {
		if time.Since(reported) > knockWhile {
			delete(k.down, a) // nobody misses it any more: the address was corrected
			continue
		}
		all = append(all, a)
	}
	return all
}

// knock dials every address once, at the same time.
func (k *Knocker) knock(ctx context.Context) {
	var dials sync.WaitGroup
	for _, address := range k.addresses() {
		dials.Go(func() {
			if !Answers(ctx, address) {
				return
			}
			k.Up(address)
			k.wake(address)
		})
	}
	dials.Wait()
}

// Answers reports whether a bare TCP dial succeeds, within a second.
func Answers(ctx context.Context, address string) bool {
	conn, err := (&net.Dialer{Timeout: knockTimeout}).DialContext(ctx, "tcp", address)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
}
