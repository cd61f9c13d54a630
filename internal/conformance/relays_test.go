package conformance

import (
	"crypto/rand"
	"testing"

	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/stalwartsync"
	"github.com/openova-io/smtp-mirror/submission"
)

func relays() []scenario {
	return []scenario{
		{name: "a rotated source costs no refused login", run: rotated},
		{name: "a password changed behind our back is set once", run: passwordChanged},
		{name: "an address removed behind our back is granted again", run: addressRemoved},
		{name: "an account destroyed behind our back is made again", run: accountDestroyed},
	}
}

func logins() []scenario {
	return []scenario{
		{name: "a bare smtp-user is the login to the letter", run: bareUser},
		{name: "a bare smtp-user of another than the default domain is held", only: stalwart.Gen016, run: defaultDomainDiffers},
		{name: "an smtp-user of another domain is held", only: stalwart.Gen016, run: userOfAnotherDomain},
		{name: "an smtp-user with capitals", run: capitalUser},
	}
}

func rotated(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	for range 2 {
		r.rotate("Conf-" + rand.Text())
		r.run(t).converged(t).changed(t, stalwartsync.ChangedPassword, stalwartsync.ChangedProof).loggedIn(t, smtpprobe.Accepted)
	}
	r.run(t).converged(t).wroteNothing(t)
}

func passwordChanged(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	must(t, s.operator.SetPassword(t.Context(), r.login(), "Oper-"+rand.Text()))
	r.run(t).converged(t).changed(t, stalwartsync.ChangedPassword).loggedIn(t, smtpprobe.PasswordRefused, smtpprobe.Accepted)
	r.run(t).converged(t).wroteNothing(t)
}

func addressRemoved(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.wish.SendAs = []string{r.address("alerts"), r.address("billing")}
	r.run(t).converged(t)
	must(t, s.operator.RemoveAlias(t.Context(), r.login(), r.address("alerts")))
	if got := r.consume(t, r.password(), r.address("alerts")); got.Verdict != smtpprobe.SenderRefused {
		t.Errorf("the removal has no effect: %+v", got)
	}
	r.run(t).converged(t).changed(t, stalwartsync.ChangedAddress).loggedIn(t, smtpprobe.Accepted)
}

func accountDestroyed(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.wish.SendAs = []string{r.address("alerts")}
	r.run(t).converged(t)
	must(t, s.operator.Destroy(t.Context(), r.login()))
	r.run(t).converged(t).changed(t, stalwartsync.ChangedAccountLost, stalwartsync.ChangedAccount, stalwartsync.ChangedAddress, stalwartsync.ChangedProof).loggedIn(t, smtpprobe.Accepted)
}

// bareUser works without a grant on 0.16, where the account's address is made of
// its name; on 0.15 the name is just a name.
func bareUser(t *testing.T, s *suite) {
	r := newRig(t, s)
	local, _ := cutAddress(r.from())
	r.source[submission.KeyUser] = local
	want := []string{stalwartsync.ChangedAccount, stalwartsync.ChangedProof}
	if s.Generation() == stalwart.Gen015 {
		want = []string{stalwartsync.ChangedAccount, stalwartsync.ChangedAddress, stalwartsync.ChangedProof}
	}
	r.run(t).converged(t).changed(t, want...).loggedIn(t, smtpprobe.Accepted)
	r.run(t).converged(t).wroteNothing(t)
}

func defaultDomainDiffers(t *testing.T, s *suite) {
	const other = "other.test"
	must(t, s.operator.EnsureDomain(t.Context(), mainDomain))
	must(t, s.operator.EnsureDomain(t.Context(), other))
	r := newRigIn(t, s, other)
	local, _ := cutAddress(r.from())
	full := r.user()
	r.source[submission.KeyUser] = local
	r.run(t).stopped(t, stalwartsync.ReasonDefaultDomainDiffers, local, mainDomain, other).wroteNothing(t).loggedIn(t)
	r.source[submission.KeyUser] = full
	r.run(t).converged(t)
}

func userOfAnotherDomain(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.source[submission.KeyUser] = "noreply@elsewhere.test"
	r.run(t).stopped(t, submission.ReasonSourceInvalid, submission.KeyUser).wroteNothing(t).loggedIn(t)
}

// capitalUser is folded by 0.16; 0.15 stores names in lower case, compares
// logins to the letter, and so can never serve it.
func capitalUser(t *testing.T, s *suite) {
	r := newRig(t, s)
	local, domain := cutAddress(r.from())
	r.source[submission.KeyUser] = "NoReply-" + local + "@" + domain
	if s.Generation() == stalwart.Gen015 {
		r.run(t).stopped(t, submission.ReasonSourceInvalid, submission.KeyUser).wroteNothing(t).loggedIn(t)
		return
	}
	r.run(t).converged(t)
	r.run(t).converged(t).wroteNothing(t)
}
