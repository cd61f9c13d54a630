package controller

import (
	"context"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// The Lease. A standby asks every retryPeriod, which client-go stretches up to
// 2.2 times: it takes over a Lease that was given back within 3 s, and one whose
// holder died without a word within leaseDuration and twice that, 18 s.
const (
	leaseDuration = 13 * time.Second
	renewDeadline = 9 * time.Second
	retryPeriod   = 1100 * time.Millisecond
)

// elect leads whenever the Lease is ours, until ctx ends. Losing it is no
// reason to exit: the caches stay warm, and the next term begins with a look at
// everything.
func (c *Controller) elect(ctx context.Context) {
	for ctx.Err() == nil {
		if err := c.term(ctx); err != nil {
			c.o.Log.Error("cannot take part in the election", "err", err)
			return
		}
	}
}

// term takes part in the election once. On a stop the work ends before the
// Lease is given back, so that the successor never meets a write of ours.
func (c *Controller) term(ctx context.Context) error {
	election, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var leads atomic.Bool
	finished := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		if !leads.Load() {
			end()
		}
	})
	defer stop()
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: c.lock(), LeaseDuration: leaseDuration, RenewDeadline: renewDeadline, RetryPeriod: retryPeriod, ReleaseOnCancel: true, Name: c.o.Config.LeaderElection.Name,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(held context.Context) {
				defer close(finished)
				defer end()
				leads.Store(true)
				work, cancel := context.WithCancel(ctx)
				defer cancel()
				defer context.AfterFunc(held, cancel)()
				c.lead(work)
			},
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return err
	}
	if c.lostTerm.Load() {
		defer c.retrySoon(election, end, &leads)()
	}
	elector.Run(election)
	if leads.Load() {
		<-finished
	}
	c.lostTerm.Store(leads.Load() && ctx.Err() == nil)
	return nil
}

// retrySoon ends an election that waits for its next try as soon as the API
// server answers again: our own Lease is usually still ours. It is used only after
// a term that was lost, because starting over also starts over the watch on a
// Lease of somebody else.
func (c *Controller) retrySoon(election context.Context, end func(), leads *atomic.Bool) (stop func()) {
	select {
	case <-c.nudge: // from before
	default:
	}
	ctx, cancel := context.WithCancel(election)
	go func() {
		select {
		case <-ctx.Done():
		case <-c.nudge:
			if !leads.Load() {
				c.lostTerm.Store(false)
				end()
			}
		}
	}()
	return cancel
}

func (c *Controller) lock() resourcelock.Interface {
	e := c.o.Config.LeaderElection
	return &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: e.Namespace, Name: e.Name},
		Client:     c.o.Clients.Leases,
		LockConfig: resourcelock.ResourceLockConfig{Identity: c.o.Identity},
	}
}
