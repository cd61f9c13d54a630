package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/smtpprobe"
)

// The targets of every row; the mirror's name depends on its namespace.
const (
	relayTarget  = "relay/console"
	recordTarget = "dkim-record"
)

func (s *site) mirrorTarget() string { return "mirror/" + s.Consumer + "/" + rig.MirrorSecret }

// converged reports whether one replica leads and says that all targets are as they
// should be, and whether the mirror and the records are.
func (s *site) converged(ctx context.Context) bool {
	led := false
	for _, r := range s.replicas {
		targets, leader, err := r.Status(ctx)
		if err != nil || !leader || len(targets) == 0 {
			continue
		}
		led = true
		for _, t := range targets {
			if t.Outcome != "Converged" || t.Reason != "" {
				s.why = t.Name + " is " + t.Outcome + ": " + t.Reason
				return false
			}
		}
	}
	switch {
	case ctx.Err() != nil:
		return false // the wait is over: what was in its way stays known
	case !led:
		s.why = "nobody leads"
	case !s.MirrorHolds(ctx, s.password):
		s.why = "the mirror does not hold the SOURCE's bytes"
	case !s.recorded(ctx): // it says why
	default:
		return true
	}
	return false
}

// recorded reports whether the records name every key that Stalwart has: 0.16 makes
// two by itself, the second one in the background.
func (s *site) recorded(ctx context.Context) bool {
	text := s.Records(ctx, "records.json")
	if s.stand == nil {
		return strings.Contains(text, "v=DKIM1") || strings.Contains(text, `"publicKey": "`) && !strings.Contains(text, `"publicKey": ""`)
	}
	keys := s.stand.DKIMRecords(rig.Domain)
	for _, k := range keys {
		if !strings.Contains(text, k.Selector+"._domainkey") {
			s.why = "the records lack the key " + k.Selector
			return false
		}
	}
	s.why = fmt.Sprintf("Stalwart has %d keys", len(keys))
	return len(keys) >= 2 || len(keys) == 1 && s.like.Version == "lite"
}

// whole is what every row must reach: all targets converged, and a login with the
// mirror's bytes accepted.
func (s *site) whole(ctx context.Context) bool {
	if !s.converged(ctx) {
		return false
	}
	if s.row.sound != nil && !s.row.sound(ctx, s) {
		s.why = "what the row is about is not true yet"
		return false
	}
	if v := s.crowd.login(ctx); v != smtpprobe.Accepted {
		s.why = "a login with the mirror's bytes: " + string(v)
		pause(ctx, 250*time.Millisecond) // the shipped throttle allows five a second
		return false
	}
	return true
}

// rested reports whether one credential is left, which is the SOURCE's.
func (s *site) rested(ctx context.Context) bool {
	if s.stand == nil {
		return s.converged(ctx)
	}
	a, ok := s.stand.Account("noreply@" + rig.Domain)
	return ok && a.Credentials == 1 && s.converged(ctx)
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// troubled reports whether a target says that something is wrong.
func troubled(target string) look {
	return func(ctx context.Context, s *site) bool {
		name := target
		if name == "mirror" {
			name = s.mirrorTarget()
		}
		for _, r := range s.replicas {
			if outcome, reason := r.Outcome(ctx, name); outcome != "" && (outcome != "Converged" || reason != "") && reason != "Pending" {
				return true
			}
		}
		return false
	}
}

// provenAnew reports whether a login was proven after it had gone wrong.
func provenAnew(ctx context.Context, s *site) bool {
	targets, _, err := s.Status(ctx)
	at, parse := time.Parse(time.RFC3339Nano, targets[relayTarget].LastProof)
	return err == nil && parse == nil && at.After(s.armed)
}

func both(a, b look) look {
	return func(ctx context.Context, s *site) bool { return a(ctx, s) && b(ctx, s) }
}

// lasting reports whether the fault has worked for a while.
func lasting(d time.Duration) look {
	return func(_ context.Context, s *site) bool { return time.Since(s.begin) >= d }
}
