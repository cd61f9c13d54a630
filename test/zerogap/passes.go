package main

import (
	"context"
	"syscall"
	"time"
)

// drive rotates as the pass says.
func (r *row) drive(ctx context.Context) error {
	stop := make(chan struct{})
	defer close(stop)
	switch r.pass {
	case passWrites, passMixed:
		r.work.Go(func() { r.revive(stop) })
	}
	switch r.pass {
	case passWrites:
		return r.writes(ctx)
	case passCalls:
		return r.calls(ctx)
	}
	for r.out.rotations < r.rotations {
		if r.late() {
			return errTime
		}
		err := r.one(ctx)
		if err != nil {
			return err
		}
		r.turn++
	}
	return nil
}

// one is the next rotation of a pass that is no walk.
func (r *row) one(ctx context.Context) error {
	if r.pass == passMixed && mixed[r.turn%len(mixed)] == passWrites {
		_, err := r.killedAfter(ctx, 1+r.rng.IntN(8))
		return err
	}
	return r.once(ctx, nil)
}

// mixed are the passes that take turns.
var mixed = []string{passKills, passOverlapping, passWrites, passStalwart, passAlone} //nolint:gochecknoglobals // a constant table

// once is one rotation, or two that overlap, with what happens meanwhile, until
// nothing is left over.
func (r *row) once(ctx context.Context, plan func(c call, number, write int) fault) error {
	r.expect(ctx)
	r.wire.count(plan)
	begin := time.Now()
	if err := r.rotate(ctx); err != nil {
		return err
	}
	r.out.rotations++
	if err := r.meanwhile(ctx); err != nil {
		return err
	}
	if err := r.until(ctx, "rest", r.unrest); err != nil {
		return err
	}
	r.measure(begin, r.wire.count(nil))
	return r.enthrone(ctx)
}

// meanwhile is what happens while a rotation is under way.
func (r *row) meanwhile(ctx context.Context) error {
	pass := r.pass
	if pass == passMixed {
		pass = mixed[r.turn%len(mixed)]
	}
	switch pass {
	case passOverlapping:
		await(ctx, r.some(3*time.Second))
		if err := r.rotate(ctx); err != nil {
			return err
		}
		r.out.rotations++
		if r.rng.IntN(2) == 0 {
			return r.crash(ctx, 2*time.Second)
		}
	case passKills:
		for range 1 + r.rng.IntN(2) {
			if err := r.crash(ctx, 3*time.Second); err != nil {
				return err
			}
		}
	case passLeader:
		return r.depose(ctx)
	case passStalwart:
		await(ctx, r.some(4*time.Second))
		return r.restart(ctx)
	}
	return nil
}

// crash kills the controller within a span, and starts it again.
func (r *row) crash(ctx context.Context, within time.Duration) error {
	await(ctx, r.some(within))
	r.kill(0)
	await(ctx, r.some(500*time.Millisecond))
	return r.run(0)
}

// some is a random part of a span.
func (r *row) some(d time.Duration) time.Duration { return time.Duration(r.rng.Int64N(int64(d))) }

// depose ends the leader: by surprise, or in order. The other one takes over.
func (r *row) depose(ctx context.Context) error {
	await(ctx, r.some(3*time.Second))
	for i, x := range r.replicas {
		_, leader, err := x.rig.Status(ctx)
		if err != nil || !leader {
			continue
		}
		s := syscall.SIGTERM
		if r.rng.IntN(2) == 0 {
			s = syscall.SIGKILL
		}
		r.signal(i, s)
		await(ctx, 500*time.Millisecond)
		other := r.replicas[1-i]
		err = r.until(ctx, "the other one leads", func(ctx context.Context) string {
			if _, leads, err := other.rig.Status(ctx); err != nil || !leads {
				return "it does not"
			}
			return ""
		})
		if err != nil {
			return err
		}
		return r.run(i)
	}
	return nil
}

// measure keeps the times and the calls of a rotation.
func (r *row) measure(begin time.Time, counted tally) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.first.IsZero() {
		r.out.first = append(r.out.first, r.first.Sub(begin))
	}
	r.out.whole = append(r.out.whole, time.Since(begin))
	if r.pass == passAlone {
		r.out.calls = append(r.out.calls, counted)
	}
}

// fault notes what went wrong.
func (r *row) fault(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out.trouble = append(r.out.trouble, what)
}
