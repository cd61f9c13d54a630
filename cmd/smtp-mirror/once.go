package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/openova-io/smtp-mirror/watcher"
)

// quietTime is how long nothing may have happened before once stops waiting for
// what is held: the chain from proof to mirror has long run by then.
const quietTime = 8 * time.Second

// once makes everything true once, without a Lease: another process may be
// leading, and every write is idempotent.
func once(ctx context.Context, o *options) int {
	p, err := newProcess(ctx, o)
	if err != nil {
		o.log.Error("cannot start", "err", err)
		return exitError
	}
	defer p.close()
	seen := &progress{ran: make(chan struct{}, 1)}
	c, err := p.build(o.config, "", seen.saw)
	if err != nil {
		o.log.Error("cannot run with this configuration", "err", err)
		return exitError
	}
	work, stop := context.WithTimeout(ctx, o.timeout)
	defer stop()
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		c.Run(work)
	}()
	wait(work, seen, c)
	stop()
	<-finished
	return o.report(c.Status())
}

// news reports whether a run has moved anything: a wait that is looked at every
// few seconds and stays the same has not.
func news(t watcher.Transition) bool {
	return len(t.Result.Changes) > 0 || t.After.Outcome != t.Before.Outcome || t.After.Reason != t.Before.Reason || t.After.Message != t.Before.Message
}

// progress is what the runs have shown.
type progress struct {
	ran   chan struct{} // one has ended
	moved atomic.Bool   // and was news
}

func (p *progress) saw(t watcher.Transition) {
	if news(t) {
		p.moved.Store(true)
	}
	select {
	case p.ran <- struct{}{}:
	default:
	}
}

// work is what a controller says of itself.
type work interface {
	Status() []watcher.Status
	Busy() bool
}

// wait returns when all targets have converged and nothing is under way, when those
// that have not are held and nothing has happened for a while, or with ctx. A target
// may have converged before it was known what there is to do (a publisher, before
// anything is wanted) and has been woken since.
func wait(ctx context.Context, seen *progress, c work) {
	quiet := time.NewTimer(quietTime)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-seen.ran:
			if !c.Busy() && verdict(c.Status()) == exitOK {
				return
			}
			if seen.moved.Swap(false) {
				quiet.Reset(quietTime)
			}
		case <-quiet.C:
			if !c.Busy() && verdict(c.Status()) != exitError {
				return
			}
			quiet.Reset(quietTime)
		}
	}
}

// verdict is the exit code: an error outweighs a wait.
func verdict(all []watcher.Status) int {
	code := exitOK
	for _, s := range all {
		switch s.Outcome {
		case watcher.Retrying:
			return exitError
		case watcher.Held:
			code = exitHeld
		case watcher.Converged:
		}
	}
	return code
}

// report prints a line for each target.
func (o *options) report(all []watcher.Status) int {
	for _, s := range all {
		line := fmt.Sprintf("%-50s %s", s.Name, s.Outcome)
		if s.Reason != "" {
			line += fmt.Sprintf(" (%s: %s)", s.Reason, s.Message)
		}
		_, _ = fmt.Fprintln(o.stdout, line)
	}
	return verdict(all)
}
