package nodetest

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
)

const (
	// probeStarting is short, as tests wait for a container to become ready;
	// probeRunning notices one that stops being ready.
	probeStarting = 25 * time.Millisecond
	probeRunning  = 500 * time.Millisecond

	firstBackoff = 50 * time.Millisecond
	lastBackoff  = 2 * time.Second
)

// container is the life of one container: one process after another.
type container struct {
	pod      *pod
	spec     corev1.Container
	ends     ending
	restarts chan chan<- error
	begun    chan struct{} // has room for one

	mu     sync.Mutex
	status corev1.ContainerStatus
}

func newContainer(p *pod, spec corev1.Container, ends ending) *container {
	return &container{
		pod: p, spec: spec, ends: ends, restarts: make(chan chan<- error), begun: make(chan struct{}, 1),
		status: corev1.ContainerStatus{
			Name: spec.Name, Image: spec.Image, ImageID: "stand-in://" + spec.Image,
			State: waiting("ContainerCreating", ""), Started: new(bool),
		},
	}
}

// live runs one process after the other until ctx ends, or it has ended for good.
func (c *container) live(ctx context.Context) {
	var asked chan<- error // whoever asked for this restart
	pause := firstBackoff
	for ctx.Err() == nil {
		var wasReady, ended bool
		wasReady, ended, asked = c.once(ctx, asked)
		if ended {
			return
		}
		if wasReady || asked != nil {
			pause = firstBackoff
		}
		if asked == nil {
			asked = c.rest(ctx, pause)
			pause = min(2*pause, lastBackoff)
		}
	}
}

// once runs the container until it ends. It says whether the container was
// ready at any time, whether it has ended for good, and who asked for its end,
// if anybody did.
func (c *container) once(ctx context.Context, asked chan<- error) (wasReady, ended bool, _ chan<- error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	process, err := c.pod.sandbox.Run(ctx, c.pod.latest().DeepCopy(), c.spec)
	if err != nil {
		c.change(func(s *corev1.ContainerStatus) { s.State = waiting("StartError", err.Error()) })
		answer(asked, err)
		return false, false, nil
	}
	c.change(begin)
	select {
	case c.begun <- struct{}{}:
	default:
	}
	answer(asked, nil)
	wasReady, asked = c.supervise(ctx, process)
	if process != nil {
		// An error would mean that the process is in its way out already, or
		// that it cannot be stopped; the test that owns it sees both.
		_ = process.Stop()
	}
	if ctx.Err() == nil {
		ended = c.ended(asked, failure(process))
		// Not left to notify: that would write the next state too, and nobody
		// would see the container not ready in between.
		_ = c.pod.publish(ctx)
	}
	return wasReady, ended, asked
}

// awaitBegin waits until the container has begun for the first time.
func (c *container) awaitBegin(ctx context.Context) {
	select {
	case <-c.begun:
	case <-ctx.Done():
	}
}

// supervise follows a process until it ends or is to end.
func (c *container) supervise(ctx context.Context, process Process) (wasReady bool, asked chan<- error) {
	var ended <-chan struct{}
	if process != nil {
		ended = process.Done()
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return wasReady, nil
		case <-ended:
			return wasReady, nil
		case asked = <-c.restarts:
			return wasReady, asked
		case <-timer.C:
			ready := process == nil || probe(ctx, process)
			c.setReady(ready)
			wasReady = wasReady || ready
			timer.Reset(interval(ready))
		}
	}
}

func interval(ready bool) time.Duration {
	if ready {
		return probeRunning
	}
	return probeStarting
}

func probe(ctx context.Context, process Process) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return process.Ready(ctx) == nil
}

// rest waits before the next start, or until somebody asks for it.
func (c *container) rest(ctx context.Context, pause time.Duration) chan<- error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case asked := <-c.restarts:
		return asked
	}
	return nil
}

// restart asks for a restart and waits for the new start.
func (c *container) restart(ctx context.Context, gone <-chan struct{}) error {
	started := make(chan error, 1)
	select {
	case c.restarts <- started:
	case <-gone:
		return ErrNotFound
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-started:
		return err
	case <-gone:
		return ErrNotFound
	case <-ctx.Done():
		return ctx.Err()
	}
}

func answer(asked chan<- error, err error) {
	if asked != nil {
		asked <- err // has room
	}
}

func (c *container) setReady(ready bool) {
	c.mu.Lock()
	same := c.status.Ready == ready
	c.mu.Unlock()
	if same {
		return
	}
	c.change(func(s *corev1.ContainerStatus) {
		s.Ready = ready
		if ready {
			s.Started = &ready
		}
	})
}

func (c *container) change(edit func(*corev1.ContainerStatus)) {
	c.mu.Lock()
	edit(&c.status)
	c.mu.Unlock()
	c.pod.notify()
}

func (c *container) current() corev1.ContainerStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.status.DeepCopy()
}
