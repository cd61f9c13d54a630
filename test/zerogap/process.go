package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// errTime says that the whole has no time left.
var errTime = errors.New("the time is up")

// replica is a controller; its process dies and is started again.
type replica struct {
	rig     *rig.Rig
	process *rig.Process
}

// run starts a replica, unless it runs.
func (r *row) run(i int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.replicas[i]
	if x.process != nil {
		return nil
	}
	p, err := x.rig.Run("run")
	x.process = p
	return err
}

// kill ends a replica with -9. It is safe from any goroutine.
func (r *row) kill(i int) { r.signal(i, syscall.SIGKILL) }

func (r *row) signal(i int, s syscall.Signal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.replicas[i]
	if x.process == nil {
		return
	}
	_ = x.process.Signal(s) // it may have ended by itself
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if _, err := x.process.Wait(ctx); err != nil {
		r.out.trouble = append(r.out.trouble, fmt.Sprintf("the controller does not end after %v", s))
		_ = x.process.Signal(syscall.SIGKILL)
	}
	r.b.keep(r.rig.Dir, x.process.Output())
	x.process = nil
	r.out.kills++
}
