package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// act does something to an installation; look tells something about it.
type (
	act  func(ctx context.Context, s *site) error
	look func(ctx context.Context, s *site) bool
)

// row is one thing that goes wrong, and how it ends.
type row struct {
	target, fault string

	place place         // where it happens
	alone bool          // it hits the API server itself
	long  bool          // it is not part of SHORT
	gap   bool          // it takes the credential away: nobody can log in before it is healed
	goal  time.Duration // healed after that time at the latest, else MISSED; 0 = no promise

	arm   act  // lets it go wrong
	bites look // it has had its effect; nil = at once
	mend  act  // takes it away; nil = it heals under the fault
	then  act  // work that waits for the controller; measured with the rest
	sound look // what must be true in the end beside everything else; nil = nothing

	inProcess func(ctx context.Context) (time.Duration, error) // instead of all this: no installation
}

func (r row) name() string { return r.target + ": " + r.fault }

// Limits of waits whose length is not the point.
const (
	patience  = 60 * time.Second
	healLimit = 2 * time.Minute
	silence   = 3 * time.Second // no write for so long is quiet
)

// walk walks one row from a healthy installation to a healthy installation.
func (w *world) walk(ctx context.Context, p *plane, r row) (out result) {
	out = result{Target: r.target, Fault: r.fault, goal: r.goal, order: orderOf(r)}
	fail := func(format string, args ...any) { out.bad = append(out.bad, fmt.Sprintf(format, args...)) }
	if r.inProcess != nil {
		took, err := r.inProcess(ctx)
		out.Healed, out.HealMS = err == nil, took.Milliseconds()
		if err != nil {
			fail("%v", err)
		}
		return out
	}
	s, err := w.build(ctx, p, r)
	if s != nil {
		defer s.close(&out)
	}
	if err != nil {
		fail("building the site: %v", err)
		return out
	}
	out.server = s.Mail.Describe()
	if err := s.suffer(ctx, &out); err != nil {
		fail("%v\nstatus: %s\nlog:\n%s", err, s.page(ctx, "/status"), s.log())
	}
	return out
}

// suffer lets it go wrong, and measures how it heals.
func (s *site) suffer(ctx context.Context, out *result) error {
	r := s.row
	if err := do(ctx, s, r.arm); err != nil {
		return fmt.Errorf("arming: %w", err)
	}
	s.armed, s.begin = time.Now(), time.Now()
	if r.bites != nil {
		if _, err := rig.UntilEvery(ctx, 20*time.Millisecond, "the fault has an effect", patience, s.sees(r.bites)); err != nil {
			return err
		}
	}
	if r.mend != nil {
		if err := do(ctx, s, r.mend); err != nil {
			return fmt.Errorf("mending: %w", err)
		}
		s.begin = time.Now()
	}
	if err := do(ctx, s, r.then); err != nil {
		return fmt.Errorf("giving work: %w", err)
	}
	_, err := rig.UntilEvery(ctx, 10*time.Millisecond, "whole again", healLimit, s.whole)
	out.HealMS = time.Since(s.begin).Milliseconds()
	if err != nil {
		return fmt.Errorf("%w (%s)", err, s.why)
	}
	out.Healed = true
	return s.rest(ctx, out)
}

// rest waits until nothing is left to write, and counts what was written.
func (s *site) rest(ctx context.Context, out *result) error {
	if _, err := rig.UntilEvery(ctx, 50*time.Millisecond, "nothing left over", patience, s.rested); err != nil {
		return err
	}
	last, at := -1, time.Now()
	_, err := rig.UntilEvery(ctx, 200*time.Millisecond, "no more writes", patience, func(context.Context) bool {
		if n := len(s.writes()); n != last {
			last, at = n, time.Now()
		}
		return time.Since(at) >= silence
	})
	out.Writes = last
	if err != nil {
		all := s.writes()
		return fmt.Errorf("%w: %s", err, strings.Join(all[max(0, len(all)-8):], ", "))
	}
	return nil
}

func do(ctx context.Context, s *site, a act) error {
	if a == nil {
		return nil
	}
	return a(ctx, s)
}

func (s *site) sees(l look) func(context.Context) bool {
	return func(ctx context.Context) bool { return l(ctx, s) }
}

func orderOf(r row) int {
	for i, other := range table() {
		if other.name() == r.name() {
			return i
		}
	}
	return -1
}
