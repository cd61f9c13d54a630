package conformance

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/watcher"
)

func races() []scenario {
	return []scenario{
		{name: "grants that race are made or said to be lost", run: racingGrants},
		{name: "passwords that race are set or said to be lost", run: racingPasswords},
		{name: "two of us at once come to the same end", run: twoOfUs},
	}
}

// racers is enough for some of them to lose.
const racers = 8

// race runs writers at once and gives their errors, all of which must be lost
// races.
func race(t *testing.T, n int, write func(i int) error) []error {
	t.Helper()
	outcomes := make([]error, n)
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() { outcomes[i] = write(i) })
	}
	running.Wait()
	lost := 0
	for _, err := range outcomes {
		var busy *stalwart.BusyError
		if err != nil && !errors.As(err, &busy) {
			t.Errorf("got %v, want a BusyError", err)
		}
		if err != nil {
			lost++
		}
	}
	t.Logf("%d of %d writers lost", lost, n)
	return outcomes
}

func racingGrants(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	d, a := r.directory(t), r.account(t)
	for i := range racers {
		r.wish.SendAs = append(r.wish.SendAs, r.address(fmt.Sprintf("racer%d", i)))
	}
	outcomes := race(t, racers, func(i int) error { return d.GrantAddress(t.Context(), a, r.wish.SendAs[i]) })
	there := r.account(t).Addresses
	for i, err := range outcomes {
		if err == nil && !slices.Contains(there, r.wish.SendAs[i]) {
			t.Errorf("%s was confirmed and is not there", r.wish.SendAs[i])
		}
	}
	r.run(t).converged(t)
	r.hasAddresses(t, append(slices.Clone(r.wish.SendAs), r.from())...)
}

func racingPasswords(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	d, a := r.directory(t), r.account(t)
	race(t, racers/2, func(int) error { return d.SetPassword(t.Context(), a, redact.New(r.password())) })
	if got := r.consume(t, r.password(), r.from()); got.Verdict != smtpprobe.Accepted {
		t.Errorf("the login: %+v", got)
	}
}

// twoOfUs is what happens when a leader has lost its lease and does not know it
// yet: both see an account that is missing. Whoever loses comes back soon: a wait
// would keep a submission from being proven.
func twoOfUs(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.wish.SendAs = []string{r.address("alerts")}
	other := newRig(t, s)
	other.source, other.wish = r.source, r.wish
	rigs := []*rig{r, other}
	var running sync.WaitGroup
	for _, one := range rigs {
		running.Go(func() {
			result, err := one.relay.Reconcile(t.Context())
			t.Logf("%d changes, %v", len(result.Changes), err)
			var wait interface{ Hold() time.Duration }
			if errors.As(err, &wait) {
				t.Errorf("it waits: %s: %v", watcher.ReasonOf(err), err)
			}
		})
	}
	running.Wait()
	for _, one := range rigs {
		one.run(t).converged(t)
		one.run(t).converged(t).wroteNothing(t)
	}
	// 0.16 takes the same alias twice without a word (observed on 0.16.3 and 0.16.18):
	// two who append at the same moment leave it there twice, which grants it once.
	have := slices.Compact(slices.Sorted(slices.Values(r.account(t).Addresses)))
	if want := slices.Sorted(slices.Values([]string{r.from(), r.wish.SendAs[0]})); !slices.Equal(have, want) {
		t.Errorf("the addresses are %v, want %v", have, want)
	}
}
