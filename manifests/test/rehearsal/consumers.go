//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/internal/crowd"
)

// consoleOf installs a consumer of the mirror, with the chart that shows how one is made,
// and waits until it logs in.
func (g *stage) consoleOf(ctx context.Context, host string) (*helm, error) {
	h, err := g.helm("example-consumer", "console", mirrorNS)
	if err != nil {
		return nil, err
	}
	if err := h.install(ctx, consoleValues()); err != nil {
		return nil, errors.Join(err, g.describe(ctx))
	}
	if err := g.settled(ctx); err != nil {
		return nil, err
	}
	g.say("a consumer of the mirror logs in at %s, and goes on doing so", host)
	return h, nil
}

func consoleValues() map[string]any {
	return map[string]any{"command": []any{"/usr/local/bin/console", consoleCommand}}
}

// follow renders the consumer again: it takes over what the mirror holds, and rolls.
func (g *stage) follow(ctx context.Context, console *helm, host string) error {
	if err := console.upgrade(ctx, consoleValues()); err != nil {
		return err
	}
	if got := g.data(ctx, mirrorNS, "catalyst-openova-kc-credentials")["smtp-host"]; got != host {
		return fmt.Errorf("the consumer was rendered with %s", got)
	}
	return g.settled(ctx)
}

// tally is how the consumer's logins went.
type tally struct {
	accepted map[string]int // by host
	refused  []time.Time
	others   int           // connections that did not get to a login
	gap      time.Duration // the longest time without a login that was accepted
	last     time.Time     // of an accepted one
}

// forgive says that logins may have been refused in a time.
func (g *stage) forgive(from, to time.Time) { g.forgiven = append(g.forgiven, [2]time.Time{from, to}) }

// report prints the tally, and is an error when a login was refused.
func (g *stage) report(hosts ...string) error {
	t, err := g.logins()
	if err != nil {
		return err
	}
	left := 0
	for _, at := range t.refused {
		if !g.isForgiven(at) {
			left++
		}
	}
	g.say("the consumer: %v logins, %d refused (%d while the volume was lost), %d connections cut or not taken, the longest time without a login %.1f s",
		t.accepted, left, len(t.refused)-left, t.others, t.gap.Seconds())
	if left > 0 {
		return fmt.Errorf("%d logins were refused", left)
	}
	for _, host := range hosts {
		if t.accepted[host] == 0 {
			return errors.New("no login at " + host)
		}
	}
	return nil
}

func (g *stage) isForgiven(at time.Time) bool {
	for _, f := range g.forgiven {
		if !at.Before(f[0]) && !at.After(f[1]) {
			return true
		}
	}
	return false
}

// logins reads what the consumer's Pods said.
func (g *stage) logins() (tally, error) {
	t := tally{accepted: map[string]int{}}
	files, err := filepath.Glob(filepath.Join(g.dir, "logs", mirrorNS+"_console-*_consumer.log"))
	if err != nil {
		return t, err
	}
	var times []int64
	for _, path := range files {
		if err := t.read(path, &times); err != nil {
			return t, err
		}
	}
	t.gap, t.last = longest(times)
	return t, nil
}

// closing is what a server says that goes down, to whoever is connected (RFC 5321, section
// 3.8): the login was accepted before.
const closing = "MAIL: 421"

func (t *tally) read(path string, times *[]int64) error {
	file, err := os.Open(path) //nolint:gosec // our own
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.SplitN(lines.Text(), " ", 4)
		at, err := strconv.ParseInt(fields[0], 10, 64)
		if err != nil || len(fields) < 3 {
			return fmt.Errorf("%s: not a login: %s", path, lines.Text())
		}
		switch crowd.Outcome(fields[1]) {
		case crowd.Accepted:
			*times = append(*times, at)
			t.accepted[fields[2]]++
		case crowd.Refused:
			if strings.HasSuffix(lines.Text(), closing) {
				t.others++
				continue
			}
			t.refused = append(t.refused, time.UnixMilli(at))
		default:
			t.others++
		}
	}
	return lines.Err()
}
