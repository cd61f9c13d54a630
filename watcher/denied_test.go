package watcher_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openova-io/smtp-mirror/watcher"
)

// verbs are the three rights that a feed needs.
func verbs() []string { return []string{"list", "watch", "get"} }

// TestARightIsMissingFromTheStart: the feed says which, for as long as it is so,
// and heals alone soon after it was granted.
func TestARightIsMissingFromTheStart(t *testing.T) {
	for _, verb := range verbs() {
		t.Run(verb, func(t *testing.T) {
			inBubble(t, func(t *testing.T, a *api) {
				a.fail(forbidden(verb), verb)
				s := serve(t, a)
				within(t, 2*time.Second, "the refusal", func() bool { return denied(s) == verb })
				staysDenied(t, s, verb)
				a.fail(nil, verb)
				within(t, 8*time.Second, "the healing", s.Synced)
				staysGranted(t, s)
			})
		})
	}
}

// TestARightIsTakenAway: the same for a feed that was served before.
func TestARightIsTakenAway(t *testing.T) {
	inBubble(t, func(t *testing.T, a *api) {
		s := serve(t, a)
		within(t, time.Second, "the first list", s.Synced)
		for _, verb := range verbs() {
			a.fail(forbidden(verb), verb)
			a.hangUp() // watches end now and then; only then the right is asked for
			if verb == "list" {
				a.compact()
				a.put("for the list")
				a.compact()
			}
			within(t, time.Minute, verb, func() bool { return denied(s) == verb })
			staysDenied(t, s, verb)
			a.fail(nil, verb)
			within(t, 8*time.Second, "the healing of "+verb, s.Synced)
			staysGranted(t, s)
		}
	})
}

// denied is the verb that the feed is refused, "" where it serves.
func denied(s *served) string {
	_, err := s.One()
	var d *watcher.DeniedError
	if !errors.As(err, &d) {
		return ""
	}
	_, after, _ := strings.Cut(err.Error(), "cannot ")
	verb, _, _ := strings.Cut(after, " ")
	return verb
}

// staysDenied watches a refused feed for five minutes: it never says otherwise,
// which would be an Event each time, and wakes nobody.
func staysDenied(t *testing.T, s *served, verb string) {
	t.Helper()
	synctest.Wait()
	before := s.wakes.Load()
	for range 3000 {
		time.Sleep(100 * time.Millisecond)
		if got := denied(s); got != verb || s.Synced() || !s.Settled() {
			t.Fatalf("refused %q, want %q; synced %t, settled %t", got, verb, s.Synced(), s.Settled())
		}
	}
	if s.wakes.Load()-before > 300 {
		t.Errorf("%d wakes", s.wakes.Load()-before)
	}
}

// staysGranted watches a healed feed for a minute, and that it follows.
func staysGranted(t *testing.T, s *served) {
	t.Helper()
	for range 600 {
		time.Sleep(100 * time.Millisecond)
		if got := denied(s); got != "" || !s.Synced() {
			t.Fatalf("refused %q again", got)
		}
	}
	value := s.value(t) + "+"
	s.api.put(value)
	synctest.Wait()
	if got := s.value(t); got != value {
		t.Errorf("the cache holds %q, want %q", got, value)
	}
}
