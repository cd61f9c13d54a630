package controller

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/watcher"
)

// How often each process of Stalwart is asked for its boot id: more often where no
// Pod tells that it has stopped.
const (
	pulseEvery  = 10 * time.Second
	pulseUnseen = 1500 * time.Millisecond
)

// pulse watches the boot ids of Stalwart's processes, each at its own address: a
// Service answers for any of them, and two Pods would look like a server that
// restarts all the time. A change only wakes.
type pulse struct {
	c    *Controller
	last map[string]*process // by address
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
	p := &pulse{c: c, last: map[string]*process{}, now: make(chan struct{}, 1)}
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

// beat asks every process once.
func (p *pulse) beat(ctx context.Context) {
	if !p.c.leading.Load() {
		return // a standby does not need to know, and every request with a password is a risk
	}
	changed := p.again.Swap(false) || p.info.Load().Generation == ""
	seen := map[string]*process{}
	addresses := p.addresses()
	p.c.fleet.Keep(addresses)
	for _, address := range addresses {
		one := p.last[address]
		if one == nil {
			one = &process{ids: map[string]bool{}}
		}
		seen[address] = one
		id, caller, err := p.bootID(ctx, address)
		silent := knockAt(err) != "" || refusedCredential(err) && !watcher.Answers(ctx, address)
		switch one.look(id, caller, silent, err) {
		case gone, unsure:
			p.c.loop.Wake(sourceStalwart)
		case anew:
			p.c.restarted()
			changed = true
		}
	}
	p.last = seen
	if changed {
		p.identify(ctx)
	}
}

// process is what is known of whoever answers at an address: the boot ids that it
// has shown. Behind a balancer there are several, which come back; a restart is one
// that was never seen.
type process struct {
	ids    map[string]bool
	caller string // who has seen them
	down   bool
}

// news is what a look at a process tells.
type news int

const (
	same   news = iota
	gone        // nothing answers any more
	unsure      // another caller sees other ids: a restart in between would not show
	anew        // it is another process, or may be
)

// look takes in an answer. Where there is no boot id to tell (0.15, a refused
// credential), one that answers again counts as another.
func (p *process) look(id, caller string, silent bool, err error) news {
	wasDown, known := p.down, len(p.ids) > 0
	other := err == nil && caller != p.caller
	if other {
		clear(p.ids)
		p.caller = caller
	}
	p.down = silent
	switch {
	case other && known && !wasDown && id != "":
		p.ids[id] = true
		return unsure
	case silent && !wasDown:
		return gone
	case err != nil && wasDown && !silent:
		return anew
	case err != nil:
		return same
	}
	old := p.ids[id]
	if len(p.ids) >= maxIDs {
		clear(p.ids)
	}
	p.ids[id] = true
	if known && !old || wasDown && id == "" {
		return anew
	}
	return same
}

// maxIDs bounds how many boot ids are remembered of one address.
const maxIDs = 64

// refusedCredential reports whether nothing was asked: the administrator's password
// was refused, and may be right as soon as Stalwart has restarted.
func refusedCredential(err error) bool {
	var rejected *stalwart.RejectedError
	return errors.As(err, &rejected)
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

func (p *pulse) bootID(ctx context.Context, address string) (id, caller string, err error) {
	conn, err := p.c.fleet.At(address)
	if err != nil {
		return "", "", err
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
