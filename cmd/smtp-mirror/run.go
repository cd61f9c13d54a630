package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/watcher"
)

// gcPercent keeps the heap small: a few dozen objects live for ever, and
// everything else is garbage of one request.
const gcPercent = 40

// run keeps everything true until ctx ends. The configuration file is watched: a
// valid change is taken by building the controller anew, an invalid one is
// reported and the old one stays.
func run(ctx context.Context, o *options) int {
	debug.SetGCPercent(gcPercent)
	p, err := newProcess(ctx, o)
	if err != nil {
		o.log.Error("cannot start", "err", err)
		return exitError
	}
	defer p.close()
	o.log.Info("starting", "version", version(), "domain", o.config.Domain)
	watching, stop := context.WithCancel(ctx)
	defer stop()
	changes := p.watchConfig(watching)
	var proven *config.Config // the newest that has run
	for me := identity(); ctx.Err() == nil; {
		next, err := p.term(ctx, o.config, me, changes)
		switch {
		case err != nil && (proven == nil || proven == o.config):
			o.log.Error("cannot run with this configuration", "err", err)
			return exitError
		case err != nil:
			p.metrics.Reloads.WithLabelValues("invalid").Inc()
			o.log.Error("cannot run with the changed configuration; the old one stays", "err", err)
			o.config = proven
		default:
			proven = o.config
			if next != nil {
				o.config = next
			}
		}
	}
	o.log.Info("stopped")
	return exitOK
}

// term runs one configuration until there is another, which it returns, or ctx
// ends.
func (p *process) term(ctx context.Context, cfg *config.Config, me string, changes <-chan *config.Config) (*config.Config, error) {
	c, err := p.build(cfg, me, nil)
	if err != nil {
		return nil, err
	}
	stopServing, err := p.serve(cfg)
	if err != nil {
		return nil, err
	}
	defer stopServing()
	work, stop := context.WithCancel(ctx)
	defer stop()
	p.face.Show(c)
	var next *config.Config
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		c.Run(work)
	}()
	select {
	case <-ctx.Done():
	case next = <-changes:
		p.log.Info("the configuration has changed")
	}
	stop()
	<-finished
	return next, nil
}

// watchConfig reads the file again whenever something happens in its directory.
// Only a text that is new and valid, and can be wired, is passed on.
func (p *process) watchConfig(ctx context.Context) <-chan *config.Config {
	changes := make(chan *config.Config)
	seen, missing := p.text, false
	look := func() {
		text, err := os.ReadFile(p.configFile)
		if err != nil {
			if !missing {
				p.log.Warn("the configuration file cannot be read; the old configuration stays", "err", err)
			}
			missing = true
			return
		}
		missing = false
		if bytes.Equal(text, seen) {
			return
		}
		seen = text
		cfg, err := config.Parse(text)
		if err == nil {
			_, err = p.build(cfg, "", nil)
		}
		if err != nil {
			p.metrics.Reloads.WithLabelValues("invalid").Inc()
			p.log.Error("the changed configuration is invalid; the old one stays", "err", err)
			return
		}
		p.metrics.Reloads.WithLabelValues("valid").Inc()
		select {
		case changes <- cfg:
		case <-ctx.Done():
		}
	}
	go watcher.WatchDir(ctx, p.log, filepath.Dir(p.configFile), look)
	return changes
}
