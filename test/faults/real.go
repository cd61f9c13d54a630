package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// realProcess is what a real Stalwart can do beside a stand-in.
type realProcess interface {
	Kill() error
	PID() int
}

var errNotReal = errors.New("this is no real Stalwart")

// kill9 ends a real Stalwart as a crash would.
func kill9(_ context.Context, s *site) error {
	if p, ok := s.Mail.(realProcess); ok {
		return p.Kill()
	}
	return errNotReal
}

// send sends a signal to a real Stalwart.
func send(n syscall.Signal) act {
	return func(_ context.Context, s *site) error {
		if p, ok := s.Mail.(realProcess); ok {
			return syscall.Kill(p.PID(), n)
		}
		return errNotReal
	}
}

// surviveLimit makes a real Stalwart see the limit as an error of its write, like a
// full disk, and not as the signal that would end it.
func surviveLimit(o *rig.MailOptions) error {
	script := fmt.Sprintf("#!/bin/sh\ntrap '' XFSZ\nexec '%s' \"$@\"\n", o.Binary)
	o.Binary = filepath.Join(filepath.Dir(o.Dir), "stalwart-with-limit")
	return os.WriteFile(o.Binary, []byte(script), 0o700) //nolint:gosec // a program
}

// makeKey makes a DKIM key where Stalwart does not by itself: 0.15.
func makeKey(ctx context.Context, s *site) error { return rig.MakeKey(ctx, s.Mail) }
