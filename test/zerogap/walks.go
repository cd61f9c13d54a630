package main

import (
	"context"
	"fmt"
	"time"
)

// writes lets the controller die right after each single write of a rotation: the
// first, the second, and so on, until a rotation has no more.
func (r *row) writes(ctx context.Context) error {
	at, most := 1, 0
	for ; ; at += r.step {
		if r.late() || r.out.rotations >= r.rotations {
			r.out.walked = fmt.Sprintf("killed after each of the first %d writes", most)
			return errTime
		}
		hit, err := r.killedAfter(ctx, at)
		if err != nil {
			return err
		}
		if !hit {
			break
		}
		most = at
	}
	r.out.walked = fmt.Sprintf("killed after every one of %d writes", most)
	if r.step > 1 {
		r.out.walked = fmt.Sprintf("killed after every %d. of %d writes", r.step, most)
	}
	return nil
}

// killedAfter is a rotation in which the controller dies after a certain write, if
// there are so many.
func (r *row) killedAfter(ctx context.Context, at int) (hit bool, err error) {
	err = r.once(ctx, func(c call, _, write int) fault {
		if !c.write || write != at || hit {
			return none
		}
		hit = true
		r.out.injected++
		return killAfter
	})
	if err != nil {
		return hit, fmt.Errorf("killed after write %d: %w", at, err)
	}
	return hit, nil
}

// spacing is how many calls lie between two faults of one rotation: enough for the
// controller to get something done, and so few that as many rotations meet them all.
const spacing = 24

// calls lets every call of a rotation meet a fault: in the first rotation calls 1,
// 25, 49 and so on, in the next one calls 2, 26, 50. A lap is all of them; in the next
// lap each meets another fault.
func (r *row) calls(ctx context.Context) error {
	kinds := []fault{fails, lost, conflicts, forgotten}
	total, most := spacing*r.laps, 0
	for k := r.part; k < total; k += r.of {
		if r.late() {
			r.out.walked = fmt.Sprintf("faults in %d of %d rotations", r.out.rotations, (total-r.part+r.of-1)/r.of)
			return errTime
		}
		err := r.once(ctx, func(c call, number, _ int) fault {
			if number%spacing != k%spacing || number > 12*spacing {
				return none
			}
			r.out.injected++
			most = max(most, number)
			f := kinds[(number/spacing+k/spacing)%len(kinds)]
			switch {
			case f == conflicts && !c.write:
				return fails
			case f == lost && r.out.injected%10 == 0:
				return hangs
			}
			return f
		})
		if err != nil {
			return fmt.Errorf("faults at every call %d of %d: %w", k%spacing, spacing, err)
		}
	}
	r.out.walked = fmt.Sprintf("%d faults at each of %d calls", r.laps, most)
	return nil
}

// revive starts the controller again whenever it has died.
func (r *row) revive(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(50 * time.Millisecond):
		}
		if err := r.run(0); err != nil {
			r.fault("starting the controller again: " + err.Error())
			return
		}
	}
}
