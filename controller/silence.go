package controller

import (
	"github.com/openova-io/smtp-mirror/watcher"
)

// down lets the knocker dial what a target misses.
func (c *Controller) down(address string, t watcher.Target) {
	if address != c.fleet.Address() {
		c.knocking.Store(address, sourceKnock(t))
	}
	c.knocker.Down(address)
}

// answered wakes those who miss the address: everybody for the management API,
// one relay for a submission listener.
func (c *Controller) answered(address string) {
	if s, ok := c.knocking.Load(address); ok {
		c.loop.Wake(s.(watcher.Source))
		return
	}
	c.loop.Wake(sourceStalwart)
	c.pulse.soon() // it tells whether this is another process
}

// restarted says that Stalwart is another process than before: refused
// credentials get one more try, and everything is looked at again.
func (c *Controller) restarted() {
	c.adminGate.Renew()
	if c.ring != nil {
		c.ring.Renew()
	}
	for _, g := range c.loginGates {
		g.Renew()
	}
	for _, r := range c.relays {
		r.Renew()
	}
	c.pulse.again.Store(true)
	c.pulse.soon()
	c.loop.Wake(sourceStalwart)
}
