package conformance

import (
	"slices"
	"testing"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
)

// ownAddressOwned has a name that is an address: on 0.15 that alone gives no mailbox,
// and bounces would go to the other account.
func ownAddressOwned(t *testing.T, s *suite) {
	owner, r := newRig(t, s), newRig(t, s)
	owner.run(t).converged(t)
	must(t, s.operator.AddAlias(t.Context(), owner.login(), r.from()))
	r.run(t).stopped(t, stalwart.ReasonAddressOwned, r.from(), owner.user())
	must(t, s.operator.RemoveAlias(t.Context(), owner.login(), r.from()))
	r.run(t).converged(t)
	if a := r.account(t); !slices.Contains(a.Addresses, r.from()) {
		t.Errorf("the addresses are %v", a.Addresses)
	}
}

// rotatedBesideOwner: a further address is lost to somebody else, then the SOURCE
// is rotated. The trouble is named, and the login follows the SOURCE all the same.
func rotatedBesideOwner(t *testing.T, s *suite) {
	owner, r := newRig(t, s), newRig(t, s)
	owner.run(t).converged(t)
	r.run(t).converged(t)
	taken := r.address("taken")
	must(t, s.operator.AddAlias(t.Context(), owner.login(), taken))
	r.wish.SendAs = []string{r.address("granted"), taken}
	r.rotate("another Correct Horse Battery 77")
	r.run(t).stopped(t, stalwart.ReasonAddressOwned, taken)
	if got := r.consume(t, r.password(), r.from(), r.wish.SendAs[0]); got.Verdict != smtpprobe.Accepted {
		t.Errorf("the login: %+v", got)
	}
	if !r.relay.Ledger.Latest(r.relay.Submission).Credentials.Password.Equal(redact.New(r.password())) {
		t.Error("the new password is not known as proven")
	}
}
