package main

import (
	"context"
	"fmt"
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
	ran := make(chan struct{}, 1)
	c, err := p.build(o.config, "", func(t watcher.Transition) {
		if !news(t) {
			return
		}
		select {
		case ran <- struct{}{}:
		default:
		}
	})
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
	wait(work, ran, c.Status)
	stop()
	<-finished
	return o.report(c.Status())
}

// news reports whether a run has moved anything: a wait that is looked at every
// few seconds and stays the same has not.
func news(t watcher.Transition) bool {
	return len(t.Result.Changes) > 0 || t.After.Outcome != t.Before.Outcome || t.After.Reason != t.Before.Reason || t.After.Message != t.Before.Message
}

// wait returns when all targets have converged, when those that have not are
// held and nothing has happened for a while, or with ctx.
func wait(ctx context.Context, ran <-chan struct{}, status func() []watcher.Status) {
	quiet := time.NewTimer(quietTime)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ran:
			if verdict(status()) == exitOK {
				return
			}
			quiet.Reset(quietTime)
		case <-quiet.C:
			if verdict(status()) == exitHeld {
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
