package controller

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/openova-io/smtp-mirror/stalwart"
)

// How often each process of Stalwart is asked for its boot id: more often where no
// Pod tells that it has stopped.
const (
	pulseEvery    = 10 * time.Second
	pulseUnseen   = 2 * time.Second
	pulsePatience = time.Second // of a bare dial
)

// pulse watches the boot ids of Stalwart's processes, each at its own address: a
// Service answers for any of them, and two Pods would look like a server that
// restarts all the time. A change only wakes.
type pulse struct {
	c    *Controller
	last map[string]string // address -> boot id, "" on 0.15, down while it does not answer
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
	for {
		p.beat(ctx)
		every := pulseEvery
		if len(p.c.incarnations()) == 0 {
			every = pulseUnseen
		}
		next := time.NewTimer(every)
		select {
		case <-ctx.Done():
		case <-next.C:
		case <-p.now:
		}
		next.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// down stands for a boot id while nothing answers.
const down = "down"

// beat asks every process once. One that answers again is another process, or may
// be: on 0.15 there is no boot id to tell.
func (p *pulse) beat(ctx context.Context) {
	if !p.c.leading.Load() {
		return // a standby does not need to know, and every request with a password is a risk
	}
	changed := p.again.Swap(false) || p.info.Load().Generation == ""
	seen := map[string]string{}
	addresses := p.addresses()
	p.c.fleet.Keep(addresses)
	for _, address := range addresses {
		old, known := p.last[address]
		id, err := p.bootID(ctx, address)
		switch {
		case knockAt(err) != "" || refusedCredential(err) && !dials(ctx, address):
			id = down
		case err != nil:
			id = old // unknown now, not another
		}
		seen[address] = id
		switch {
		case !known || id == old:
		case id == down:
			p.c.loop.Wake(sourceStalwart) // who misses it says so, and has it knocked at
		default:
			p.c.restarted()
			changed = true
		}
	}
	p.last = seen
	if changed {
		p.identify(ctx)
	}
}

// refusedCredential reports whether nothing was asked: the administrator's password
// was refused, and may be right as soon as Stalwart has restarted.
func refusedCredential(err error) bool {
	var rejected *stalwart.RejectedError
	return errors.As(err, &rejected)
}

func dials(ctx context.Context, address string) bool {
	conn, err := (&net.Dialer{Timeout: pulsePatience}).DialContext(ctx, "tcp", address)
	if err == nil {
		_ = conn.Close()
	}
	return err == nil
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
