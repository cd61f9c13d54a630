package conformance

import (
	"context"
	"slices"
	"testing"

	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/stalwartsync"
	"github.com/openova-io/smtp-mirror/submission"
)

// lifecycle comes last: afterwards the data of all other scenarios are lost.
func lifecycle() []scenario {
	return []scenario{
		{name: "a restart loses nothing", run: restarted},
		{name: "a server that is down is unreachable, and then it is back", run: downAndBack},
		{name: "a lost volume is made up for", run: volumeLost},
		{name: "a lost volume, with consumers that do not wait", run: volumeLostUnderLoad},
		{name: "a bare smtp-user waits for a reload that fails", only: stalwart.Gen016, run: defaultDomainNotLoaded},
	}
}

func restarted(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.wish.SendAs = []string{r.address("alerts")}
	r.run(t).converged(t)
	before, _, err := r.fleet.BootID(t.Context())
	must(t, err)
	must(t, s.Restart(t.Context()))
	r.run(t).converged(t).changed(t).wroteNothing(t).loggedIn(t, smtpprobe.Accepted)
	after, _, err := r.fleet.BootID(t.Context())
	must(t, err)
	if (after != before) != (s.Generation() == stalwart.Gen016) {
		t.Errorf("the boot id was %q and is %q", before, after)
	}
}

func downAndBack(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	must(t, s.Stop(t.Context()))
	up := func() error { return s.Start(context.Background()) }
	t.Cleanup(func() {
		if err := up(); err != nil {
			t.Error(err)
		}
	})
	r.run(t).stopped(t, stalwart.ReasonUnreachable).wroteNothing(t).loggedIn(t)
	direct := newFleet(t, s, s.URL())
	_, err := direct.Detect(t.Context())
	outcome{err: err}.stopped(t, stalwart.ReasonUnreachable, direct.Address(), "refused")
	must(t, up())
	r.run(t).converged(t).changed(t).wroteNothing(t).loggedIn(t, smtpprobe.Accepted)
}

// remade are the changes after a loss of everything.
func remade(s *suite) []string {
	want := []string{stalwartsync.ChangedAccountLost, stalwartsync.ChangedDomain, stalwartsync.ChangedDefaults, stalwartsync.ChangedAccount, stalwartsync.ChangedAddress, stalwartsync.ChangedProof}
	if s.Generation() == stalwart.Gen015 {
		want = slices.Delete(want, 2, 3)
	}
	return want
}

// volumeLost has a bare smtp-user: 0.16 knows the default domain after a reload
// only.
func volumeLost(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.source[submission.KeyUser], _ = cutAddress(r.from())
	if s.Generation() == stalwart.Gen016 {
		r.wish.SendAs = []string{r.address("alerts")} // on 0.15 its own address is the one to be granted
	}
	r.run(t).converged(t)
	must(t, s.Wipe(t.Context()))
	r.run(t).converged(t).changed(t, remade(s)...).loggedIn(t, smtpprobe.Accepted)
	r.run(t).converged(t).wroteNothing(t)
}

// volumeLostUnderLoad lets a consumer ask for the account before it is back:
// 0.16 before 0.16.10 then remembers for an hour that there is none.
func volumeLostUnderLoad(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.wish.SendAs = []string{r.address("alerts")}
	r.run(t).converged(t)
	must(t, s.Wipe(t.Context()))
	if got := r.consume(t, r.password(), r.from()); got.Verdict != smtpprobe.PasswordRefused {
		t.Errorf("the consumer: %+v", got)
	}
	r.run(t).converged(t).changed(t, remade(s)...).loggedIn(t, smtpprobe.Accepted)
	if got := r.consume(t, r.password(), r.from()); got.Verdict != smtpprobe.Accepted {
		t.Errorf("the consumer: %+v", got)
	}
}

// defaultDomainNotLoaded has a default domain that somebody else has set without
// a reload, in a cluster where none succeeds: the password is not to blame.
func defaultDomainNotLoaded(t *testing.T, s *suite) {
	must(t, s.Wipe(t.Context()))
	r := newRig(t, s)
	r.source[submission.KeyUser], _ = cutAddress(r.from())
	mend := breakReload(t, s)
	r.run(t).stopped(t, stalwart.ReasonReloadFailed, "SpamPyzor", r.user()).loggedIn(t, smtpprobe.PasswordRefused)
	mend()
	r.run(t).converged(t).loggedIn(t, smtpprobe.Accepted)
}
