package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// lose loses Stalwart's volume in the middle of a rotation. What is sent from the first
// moment on must be right; the rotation must come to its end.
func (x *site) lose(ctx context.Context) error {
	const patience = 2 * time.Minute
	p := &product{desk{x}}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	before := x.selectors()
	x.paused.Store(true) // what is queued is lost with the volume
	if err := await(ctx, 2*time.Second); err != nil {
		return err
	}
	if err := p.ask(ctx); err != nil {
		return err
	}
	if err := await(ctx, time.Second); err != nil {
		return err
	}
	if err := errors.Join(x.mail.Stop(), x.mail.Wipe(), x.mail.Start(ctx)); err != nil {
		return err
	}
	took, err := rig.UntilEvery(ctx, 300*time.Millisecond, "mail is taken again", patience, func(ctx context.Context) bool {
		return x.console.Send(ctx, recipient, "Is it back?") == nil
	})
	if err != nil {
		return err
	}
	x.paused.Store(false)
	x.out.Lies = append(x.out.Lies, "the volume lost in a rotation: mail is taken again after "+took.Round(time.Millisecond).String())
	return p.until(ctx, func(s string) bool { return !slices.Contains(before, s) })
}
