package controller

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/openova-io/smtp-mirror/stalwart"
)

// pulseEvery is how often each process of Stalwart is asked for its boot id.
const pulseEvery = 10 * time.Second

// pulse watches the boot ids of Stalwart's processes, each at its own address: a
// Service answers for any of them, and two Pods would look like a server that
// restarts all the time. A change only wakes.
type pulse struct {
	c    *Controller
	last map[string]string // address -> boot id
	info atomic.Pointer[stalwart.Info]
	now  chan struct{} // do not wait for the next tick

	again atomic.Bool // Stalwart restarted: it may be another version
}

// soon asks for a beat before the next tick.
func (p *pulse) soon() {
	select {
	case p.now <- struct{}{}:
	default:
	}
}

func newPulse(c *Controller) *pulse {
	p := &pulse{c: c, last: map[string]string{}, now: make(chan struct{}, 1)}
	p.info.Store(&stalwart.Info{})
	return p
}

func (p *pulse) run(ctx context.Context) {
	tick := time.NewTicker(pulseEvery)
	defer tick.Stop()
	for {
		p.beat(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-p.now:
		}
	}
}

// beat asks every process once.
func (p *pulse) beat(ctx context.Context) {
	if !p.c.leading.Load() {
		return // a standby does not need to know, and every request with a password is a risk
	}
	changed := p.again.Swap(false) || p.info.Load().Generation == ""
	seen := map[string]string{}
	addresses := p.addresses()
	p.c.fleet.Keep(addresses)
	for _, address := range addresses {
		id, err := p.bootID(ctx, address)
		if err != nil {
			id = p.last[address] // unknown now, not another
		}
		seen[address] = id
		if old := p.last[address]; old != "" && id != "" && id != old {
			p.c.restarted()
			changed = true
		}
	}
	p.last = seen
	if changed {
		p.identify(ctx)
	}
}

// addresses are those of the ready Pods, or the common one where no Pod is seen.
func (p *pulse) addresses() []string {
	var all []string
	for _, i := range p.c.incarnations() {
		if i.IP != "" && i.Ready {
			all = append(all, i.Address(p.c.fleet.Port()))
		}
	}
	if len(all) == 0 {
		all = []string{p.c.fleet.Address()}
	}
	return all
}

func (p *pulse) bootID(ctx context.Context, address string) (string, error) {
	conn, err := p.c.fleet.At(address)
	if err != nil {
		return "", err
	}
	return conn.BootID(ctx)
}

// identify finds out what the server is, for /status.
func (p *pulse) identify(ctx context.Context) {
	info, err := p.c.fleet.Identify(ctx)
	if info.Generation != "" {
		p.info.Store(&info)
	}
	if err != nil && info.Generation == "" {
		p.again.Store(true) // it is not up yet
	}
}
