package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/internal/outside"
)

// lie is one way in which the DNS is not what it should be.
type lie struct {
	name  string
	begin func(w *outside.World, known []string)
	end   func(w *outside.World) error
}

// lies are the ways. A lie about keys that are in use already would be nobody's fault
// but the DNS's, so they are about new selectors only.
func lies() []lie {
	const primary, second, third = 0, 1, 2
	honest := func(i int) func(*outside.World) error {
		return func(w *outside.World) error {
			w.Servers[i].Be(outside.Honest)
			w.Servers[i].Tell(nil)
			return w.Refresh()
		}
	}
	be := func(i int, m outside.Mood) func(*outside.World, []string) {
		return func(w *outside.World, _ []string) { w.Servers[i].Be(m) }
	}
	tell := func(i int, values ...string) func(*outside.World, []string) {
		return func(w *outside.World, known []string) {
			w.Servers[i].Tell(func(name string, truth []string) ([]string, bool) {
				return values, isNew(name, known) && len(truth) > 0
			})
		}
	}
	return []lie{
		{"a wrong TXT", tell(second, "v=DKIM1; k=ed25519; h=sha256; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="), honest(second)},
		{"a missing name server", be(third, outside.Gone), honest(third)},
		{"SERVFAIL", be(primary, outside.ServFail), honest(primary)},
		{"a stale secondary", be(third, outside.Stale), honest(third)},
		{"two records under one name", tell(second, "v=DKIM1; p=", "v=DKIM1; k=rsa; p="), honest(second)},
		{"no record on one server", tell(third), honest(third)},
	}
}

// isNew reports whether a name is of a DKIM key that nobody has seen in use.
func isNew(name string, known []string) bool {
	selector, _, dkim := strings.Cut(name, "._domainkey.")
	return dkim && !slices.Contains(known, selector)
}

// liar lets the DNS lie while a rotation is wanted: no key may come into use until the
// truth is back, and then it does.
func (x *site) liar(ctx context.Context, l lie) error {
	known, err := x.inUse(ctx)
	if err != nil {
		return err
	}
	l.begin(x.world, known)
	var rotated error
	done := make(chan struct{})
	go func() {
		defer close(done)
		rotated = x.rotate(ctx)
	}()
	x.out.Lies = append(x.out.Lies, l.name+": "+x.holds(known, l.name, done))
	if err := l.end(x.world); err != nil {
		return err
	}
	<-done
	if rotated != nil {
		return fmt.Errorf("after %s: %w", l.name, rotated)
	}
	return nil
}

// inUse sends a mail and tells every selector that was seen so far.
func (x *site) inUse(ctx context.Context) ([]string, error) {
	n, err := x.send(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := x.world.MTA.Await(ctx, subject(n)); err != nil {
		return nil, err
	}
	return x.selectors(), nil
}

func (x *site) selectors() []string {
	var all []string
	for _, m := range x.world.MTA.Mails() {
		for _, s := range m.Arrival.Signatures {
			if !slices.Contains(all, s.Selector) {
				all = append(all, s.Selector)
			}
		}
	}
	return all
}

// holds watches for a while that no new selector signs.
func (x *site) holds(known []string, name string, done <-chan struct{}) string {
	const long = 5 * time.Second
	select {
	case <-done:
		x.trouble("a rotation was completed while there was " + name)
		return "COMPLETED"
	case <-time.After(long):
	}
	for _, s := range x.selectors() {
		if !slices.Contains(known, s) {
			x.trouble(fmt.Sprintf("%s came into use while there was %s", s, name))
			return "ACTIVATED"
		}
	}
	return "no activation in " + long.String()
}
