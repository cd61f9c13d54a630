package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"

	"github.com/openova-io/smtp-mirror/apikey"
	"github.com/openova-io/smtp-mirror/audit"
	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/dkimwatch"
	"github.com/openova-io/smtp-mirror/mirror"
	"github.com/openova-io/smtp-mirror/resolver"
	"github.com/openova-io/smtp-mirror/rollout"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/stalwartsync"
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/tlscert"
	"github.com/openova-io/smtp-mirror/watcher"
)

// Options make a [Controller].
type Options struct {
	Config   *config.Config
	Clients  Clients
	Log      *slog.Logger
	Metrics  *audit.Metrics
	Queue    workqueue.MetricsProvider
	Events   audit.Recorder  // nil = none
	Identity string          // of this process in the Lease
	Gates    *stalwart.Gates // of logins; they outlive a configuration
	DryRun   bool
	Observe  func(watcher.Transition) // beside the audit; nil for nobody
}

// feed is a watcher.Feed of whatever type.
type feed interface {
	Run(ctx context.Context)
	Name() string
	Synced() bool
	Settled() bool
	StaleFor() time.Duration
	FreshAt() time.Time
	Rebuilds() int64
}

// Controller is one configuration at work.
type Controller struct {
	o      Options
	trail  *audit.Trail
	loop   *watcher.Loop
	ledger submission.Ledger
	board  rollout.Board

	fleet      *stalwart.Fleet
	ring       *apikey.Keyring // nil = every request is the administrator's
	adminGate  *stalwart.Gate
	loginGates map[string]*stalwart.Gate
	relays     []*stalwartsync.Relay
	mirrors    []*mirror.Mirror
	consumers  map[string][]*rollout.Consumer // of a submission

	feeds   []feed
	sources map[string][]watcher.Source // what the feed of an object wakes, by namespace/name
	trust   *fileSet                    // CA files
	pods    *watcher.Feed[*corev1.Pod]
	secrets map[string]*watcher.Feed[*corev1.Secret] // by namespace/name
	records *watcher.Feed[*corev1.ConfigMap]
	service *watcher.Feed[*corev1.Service]
	zone    dkimwatch.Board // what the DNS must have, and what was seen there
	tls     *tlscert.Keeper // nil = the certificate is somebody else's business
	shown   []string        // the keys that it has shown when it was looked at last

	resolver *resolver.Resolver
	knocker  *watcher.Knocker
	pulse    *pulse

	knocking sync.Map // host:port of a submission listener -> the relay that misses it

	leading  atomic.Bool
	lostTerm atomic.Bool   // leadership was lost, not given back
	nudge    chan struct{} // the API server answers again
}

// settlePatience is how long the start waits for the caches before it lets the
// targets say themselves what is missing.
const settlePatience = 5 * time.Second

// Run watches, and writes while it leads, until ctx ends and everything that
// was begun has finished.
func (c *Controller) Run(ctx context.Context) {
	var background sync.WaitGroup
	watch, stop := context.WithCancel(context.WithoutCancel(ctx))
	c.watch(watch, &background)
	c.settle(ctx)
	c.o.Metrics.Start(c.loop.Status())
	if c.o.Config.LeaderElection.Enabled && c.o.Identity != "" {
		c.elect(ctx)
	} else {
		c.lead(ctx)
	}
	stop()
	background.Wait()
	c.fleet.CloseAll()
}

// watch starts everything that only looks.
func (c *Controller) watch(ctx context.Context, background *sync.WaitGroup) {
	for _, f := range c.feeds {
		background.Go(func() { f.Run(ctx) })
	}
	for dir, wake := range c.directories() {
		background.Go(func() { watcher.WatchDir(ctx, c.o.Log, dir, wake) })
	}
	background.Go(func() { c.knocker.Run(ctx) })
	if !c.o.DryRun { // asking a 0.15 server for its version leaves a one-time code behind
		background.Go(func() { c.pulse.run(ctx) })
	}
}

// settle waits until every cache is filled or refused.
func (c *Controller) settle(ctx context.Context) {
	deadline := time.NewTimer(settlePatience)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !c.Settled() {
		select {
		case <-ctx.Done():
			return
		case <-deadline.C:
			return
		case <-tick.C:
		}
	}
}

// Settled reports whether every cache is filled, or refused for good.
func (c *Controller) Settled() bool {
	return !slices.ContainsFunc(c.feeds, func(f feed) bool { return !f.Settled() })
}

// Bounds after which the controller calls itself dead.
const (
	deadBeat  = time.Minute
	deadRun   = 2 * time.Minute // a run ends after watcher.ReconcileTimeout
	deadCache = 3 * time.Minute
)

// Alive reports what does not move any more: the loop, or a cache that is known
// to be old and cannot be rebuilt. An API server that does not answer, or a
// Stalwart that is down, is not death.
func (c *Controller) Alive() error {
	if c.leading.Load() && time.Since(c.loop.LastBeat()) > deadBeat {
		return errors.New("the loop has not moved for a minute")
	}
	if t, span := c.loop.Longest(); span > deadRun {
		return fmt.Errorf("the run of %s hangs for %s", t, span.Round(time.Second))
	}
	for _, f := range c.feeds {
		if f.StaleFor() > deadCache {
			return errors.New("the cache of " + f.Name() + " is old and cannot be rebuilt")
		}
	}
	return nil
}

// Leading reports whether this process writes.
func (c *Controller) Leading() bool { return c.leading.Load() }

// Stalwart is what is known of the server; zero where it has not answered yet.
func (c *Controller) Stalwart() stalwart.Info { return *c.pulse.info.Load() }

// lead runs the loop for one term.
func (c *Controller) lead(ctx context.Context) {
	c.zone.Forget()
	for _, m := range c.mirrors {
		m.Renew()
	}
	for _, s := range c.o.Config.Submissions {
		if s.Rotates() { // somebody else may have ended what we had proven, and rolled back what we had seen
			c.ledger.Revoke(s.Name)
			c.board.Forget(s.Name)
		}
	}
	c.leading.Store(true)
	c.o.Metrics.Leader.Set(1)
	c.o.Log.Info("leading", "identity", c.o.Identity)
	c.pulse.soon()
	c.loop.Run(ctx)
	c.o.Metrics.Leader.Set(0)
	c.leading.Store(false)
}

// beginsKeys reports whether keys may follow from a change: DKIM keys and an API key
// need the domain, and are read with the key.
func beginsKeys(c watcher.Change) bool {
	return c.Reason == stalwartsync.ChangedDomain || c.Reason == apikey.ChangedAPIKey
}

// Wake wakes the targets of a source from outside: the webhook.
func (c *Controller) Wake(s watcher.Source) { c.loop.Wake(s) }

// Status lists all targets.
func (c *Controller) Status() []watcher.Status { return c.loop.Status() }

// Busy reports whether something is under way.
func (c *Controller) Busy() bool { return c.loop.Busy() }

// observe reports a finished run, and draws two conclusions that cross rooms:
// what does not answer is knocked at, and keys may follow from what was created.
func (c *Controller) observe(t watcher.Transition) {
	c.trail.Observe(t)
	if address := cmp.Or(t.Result.Silent, knockAt(t.Err)); address != "" {
		c.down(address, t.After.Name)
	}
	if slices.ContainsFunc(t.Result.Changes, beginsKeys) {
		c.loop.Wake(sourceChanged)
	}
	c.follow(t)
	if c.o.Observe != nil {
		c.o.Observe(t)
	}
	for _, f := range c.feeds {
		c.o.Metrics.Cache(f.Name(), f.FreshAt(), f.Rebuilds())
	}
}
