package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/openova-io/smtp-mirror/internal/outside"
)

const recipient = "someone@" + outside.Zone

// walk is what happens in a row.
func (x *site) walk(ctx context.Context) error {
	if err := x.introduce(ctx); err != nil {
		return err
	}
	if err := x.driver.prepare(ctx); err != nil {
		return err
	}
	if err := x.pin(ctx); err != nil {
		return err
	}
	background, stop := context.WithCancel(ctx)
	defer stop()
	sending := make(chan struct{})
	x.work.Go(func() { defer close(sending); x.traffic(background) })
	checking, done := context.WithCancel(ctx)
	defer done()
	x.work.Go(func() { x.recheck(checking) })
	err := x.rotations(ctx)
	if err == nil && x.server.loses {
		err = x.lose(ctx)
	}
	stop()
	<-sending
	if err == nil {
		err = x.drain(ctx)
	}
	x.count()
	return err
}

// pin is the first mail: accepted outside, with nothing but the mirror Secret in hand.
func (x *site) pin(ctx context.Context) error {
	const patience = 30 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	n, err := x.send(ctx)
	if err != nil {
		return err
	}
	m, err := x.world.MTA.Await(ctx, subject(n))
	if err != nil {
		return err
	}
	r := m.Arrival
	x.out.PIN = fmt.Sprintf("spf=%s dkim=%s dmarc=%s, %s", r.SPF, verdicts(r), r.DMARC, m.TLS)
	if r.SPF != "pass" || r.DMARC != "pass" || !both(r) || m.TLS == "" || r.Unknown() {
		x.trouble("the PIN mail: " + x.out.PIN + ": " + problems(r))
	}
	return nil
}

// both reports whether both algorithms have signed, and hold.
func both(r outside.Result) bool { return r.Passed("rsa-sha256") && r.Passed("ed25519-sha256") }

func verdicts(r outside.Result) string {
	var all []string
	for _, s := range r.Signatures {
		word := "fail"
		if s.Valid {
			word = "pass"
		}
		all = append(all, word+"("+s.Algorithm+")")
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ",")
}

func problems(r outside.Result) string {
	var all []string
	for _, s := range r.Signatures {
		if !s.Valid {
			all = append(all, s.Selector+": "+s.Problem)
		}
	}
	return strings.Join(all, "; ")
}

func subject(n int) string { return fmt.Sprintf("Your PIN (%d)", n) }

// send sends the next mail. A connection that is closed on it is tried once more, as a
// console does: a burst meets the throttle of 5 connections a second.
func (x *site) send(ctx context.Context) (number int, err error) {
	x.mu.Lock()
	x.sent++
	number = x.sent
	x.at[subject(number)] = time.Now()
	x.mu.Unlock()
	console := x.console // 5 connections a second and address are let in, and 0.15 has no exemption
	console.From = fmt.Sprintf("127.0.0.%d", 2+number%4)
	err = console.Send(ctx, recipient, subject(number))
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		if err := await(ctx, time.Second); err != nil {
			return number, err
		}
		err = console.Send(ctx, recipient, subject(number))
	}
	return number, err
}

// traffic sends mail all the time, each over a connection of its own.
func (x *site) traffic(ctx context.Context) {
	const pace, atOnce = 300 * time.Millisecond, 3 // below the throttle of 5 connections a second
	tick := time.NewTicker(pace)
	defer tick.Stop()
	var senders sync.WaitGroup
	defer senders.Wait()
	free := make(chan struct{}, atOnce)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if x.paused.Load() {
			continue
		}
		free <- struct{}{}
		senders.Go(func() {
			defer func() { <-free }()
			if n, err := x.send(context.WithoutCancel(ctx)); err != nil {
				x.trouble(fmt.Sprintf("mail %d was not taken: %v", n, err))
			}
		})
	}
}

// recheck verifies mail again when it is days old.
func (x *site) recheck(ctx context.Context) {
	tick := time.NewTicker(day / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			x.world.MTA.Recheck(ctx, verified)
		}
	}
}

// rotations rotates, and lets the DNS lie at every second one until all lies are told.
func (x *site) rotations(ctx context.Context) error {
	todo := lies()
	every := min(max(x.b.o.rotations/len(todo), 1), 2)
	for i := 0; i < x.b.o.rotations && !x.late(); i++ {
		var err error
		if i%every == every-1 && len(todo) > 0 {
			err = x.liar(ctx, todo[0])
			todo = todo[1:]
		} else {
			err = x.rotate(ctx)
		}
		if err != nil {
			return fmt.Errorf("rotation %d: %w", i+1, err)
		}
		x.out.Rotations++
	}
	return nil
}

// late reports whether the row has had its part of the time: no rotation begins then.
func (x *site) late() bool { return time.Since(x.begin) > x.b.budget }

func (x *site) rotate(ctx context.Context) error {
	const patience = 2 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	begin := time.Now()
	err := x.driver.rotate(ctx)
	x.out.took = append(x.out.took, time.Since(begin))
	return err
}

// drain waits until everything has arrived and was verified again.
func (x *site) drain(ctx context.Context) error {
	const patience = 30 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for n := range x.sent {
		if _, err := x.world.MTA.Await(ctx, subject(n+1)); err != nil {
			x.out.Lost++
		}
	}
	tick := time.NewTicker(day / 4)
	defer tick.Stop()
	for x.world.MTA.Recheck(ctx, verified) > 0 {
		select {
		case <-ctx.Done():
			return fmt.Errorf("mail is still to be verified again: %w", ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}
