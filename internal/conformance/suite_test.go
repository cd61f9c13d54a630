package conformance

import (
	"fmt"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/openova-io/smtp-mirror/stalwart"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hostname is in the certificate of every server under test.
const hostname = "mail.example.test"

// mainDomain is the domain of most scenarios, and the default domain of 0.16.
const mainDomain = "conformance.test"

// scenario is one thing that must hold on every server of its generation.
type scenario struct {
	name string
	only stalwart.Generation // "" = both
	run  func(*testing.T, *suite)
}

// suite is a server under test and who deals with it.
type suite struct {
	Server
	tap      *tap
	operator operator
	start    starter
	logins   int // names given out so far
}

// starter starts another server of the same kind. An untrusted one has the
// certificate that a fresh Stalwart makes for itself.
type starter func(t *testing.T, untrusted bool) Server

// newSuite starts a server.
func newSuite(t *testing.T, start starter, untrusted bool) *suite {
	t.Helper()
	server := start(t, untrusted)
	return &suite{Server: server, tap: newTap(t, server.URL()), operator: operatorOf(server), start: start}
}

// scenarios are all of them, in the order in which one server lives through
// them: it is empty at first, and its data is lost at the end.
func scenarios() []scenario {
	return slices.Concat(beginning(), directory(), addresses(), owners(), permissions(), passwords(), relays(),
		logins(), obstacles(), listeners(), races(), settings(), appPasswords(), rotations(), requests(), apiKeys(), keys(), dkimLives(), certificates(), throttles(), signing(), lifecycle())
}

// conform runs every scenario and prints the closing line.
func conform(t *testing.T, start starter) {
	s := newSuite(t, start, false)
	passed, failed := 0, 0
	for _, c := range scenarios() {
		if c.only != "" && c.only != s.Generation() {
			continue
		}
		ran := false // a filter of the command line may leave it out
		ok := t.Run(c.name, func(t *testing.T) {
			ran = true
			c.run(t, s)
		})
		switch {
		case ran && ok:
			passed++
		case !ok:
			failed++
		}
	}
	fmt.Printf("conformance: stalwart %s: %d passed, %d failed\n", s.Label(), passed, failed)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
