package conformance

import (
	"fmt"
	"slices"
	"testing"

	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/watcher"
)

// TestFaults spoils each request of a new submission in turn, which a real
// server does not do on demand. The run says what happened, and the next one
// converges.
func TestFaults(t *testing.T) {
	faults := map[stalwarttest.FaultKind][]string{
		stalwarttest.LoseRace:      {stalwart.ReasonBusy},
		stalwarttest.DropWrite:     {stalwart.ReasonWriteLost, stalwart.ReasonUnexpected},
		stalwarttest.ErrorIn200:    {stalwart.ReasonBusy, stalwart.ReasonRefused, stalwart.ReasonUnexpected},
		stalwarttest.ServerError:   {stalwart.ReasonUnexpected},
		stalwarttest.HTML:          {stalwart.ReasonUnexpected},
		stalwarttest.TruncatedJSON: {stalwart.ReasonUnexpected},
		stalwarttest.Redirect:      {stalwart.ReasonUnexpected},
		stalwarttest.DropAnswer:    {stalwart.ReasonUnreachable},
	}
	for _, version := range []string{"0.16.18", "0.15.5"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s, server := newStandInSuite(t, stalwarttest.Options{Version: version})
			requests := unspoiled(t, s)
			for kind, reasons := range faults {
				t.Run(string(kind), func(t *testing.T) {
					for after := range requests {
						spoil(t, s, server, stalwarttest.Fault{Kind: kind, After: after}, reasons)
					}
				})
			}
		})
	}
}

// newSubmission has something to write of each kind.
func newSubmission(t *testing.T, s *suite) *rig {
	t.Helper()
	r := newRig(t, s)
	r.wish.SendAs = []string{r.address("alerts"), r.address("billing")}
	r.wish.AllowedIPs = []string{fmt.Sprintf("10.0.%d.%d", s.logins/250, s.logins%250)}
	return r
}

// unspoiled counts the requests of a new submission.
func unspoiled(t *testing.T, s *suite) int {
	t.Helper()
	r, mark := newSubmission(t, s), s.tap.mark()
	r.run(t).converged(t)
	return len(s.tap.since(mark))
}

// spoil runs a new submission with a fault, and then without. Not every fault
// is noticed: a read whose answer is lost may just be sent again.
func spoil(t *testing.T, s *suite, server *standIn, fault stalwarttest.Fault, reasons []string) {
	t.Helper()
	r := newSubmission(t, s)
	server.Fail(fault)
	o := r.run(t)
	server.Heal()
	if o.err != nil && !slices.Contains(reasons, watcher.ReasonOf(o.err)) {
		t.Errorf("after %d: %s: %v", fault.After, watcher.ReasonOf(o.err), o.err)
	}
	r.run(t).converged(t)
	r.run(t).converged(t).wroteNothing(t)
	r.hasAddresses(t, r.from(), r.wish.SendAs[0], r.wish.SendAs[1])
}
