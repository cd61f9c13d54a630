package conformance

import (
	"slices"
	"testing"

	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/stalwartsync"
)

func permissions() []scenario {
	return []scenario{
		{name: "permissions are the least that can submit", run: leastPermissions},
		{name: "receiveBounces adds receiving", run: receiveBounces},
		{name: "missing permissions are added, others stay", run: permissionsAdded},
		{name: "a role that does not suffice is added to", run: roleInsufficient},
		{name: "permissions taken away explicitly are not given back", run: permissionDenied},
	}
}

// hasPermissions compares the permissions of the account itself.
func (r *rig) hasPermissions(t *testing.T, want ...stalwart.Permission) {
	t.Helper()
	got, err := r.operator.Permissions(t.Context(), r.login())
	must(t, err)
	var words []string
	for _, p := range want {
		words = append(words, r.operator.Word(p))
	}
	slices.Sort(words)
	if !slices.Equal(got, words) {
		t.Errorf("the permissions are %v, want %v", got, words)
	}
}

func leastPermissions(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	r.hasPermissions(t, stalwart.Authenticate, stalwart.SendMail)
}

func receiveBounces(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	r.wish.ReceiveBounces = true
	r.run(t).converged(t).changed(t, stalwartsync.ChangedPermissions)
	r.hasPermissions(t, stalwart.Authenticate, stalwart.SendMail, stalwart.ReceiveMail)
	r.run(t).converged(t).wroteNothing(t)
}

func permissionsAdded(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	must(t, s.operator.Permit(t.Context(), r.login(), s.operator.Word(stalwart.ReceiveMail)))
	r.run(t).converged(t).changed(t, stalwartsync.ChangedPermissions).loggedIn(t, smtpprobe.Accepted)
	r.hasPermissions(t, stalwart.Authenticate, stalwart.SendMail, stalwart.ReceiveMail)
}

func permissionDenied(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	must(t, s.operator.Deny(t.Context(), r.login(), s.operator.Word(stalwart.SendMail)))
	if got := r.consume(t, r.password()); got.Verdict != smtpprobe.NotAuthorized {
		t.Errorf("the login: %+v", got)
	}
	r.run(t).stopped(t, stalwartsync.ReasonPermissionDenied, r.user(), "send").wroteNothing(t).loggedIn(t)
}

// roleInsufficient cannot be seen in the account: the login tells.
func roleInsufficient(t *testing.T, s *suite) {
	r := newRig(t, s)
	must(t, s.operator.CreateAccount(t.Context(), r.login(), r.password()))
	local, _ := cutAddress(r.from())
	must(t, s.operator.Assign(t.Context(), r.login(), "role-"+local, s.operator.Word(stalwart.Authenticate)))
	r.run(t).converged(t).changed(t, stalwartsync.ChangedPermissions, stalwartsync.ChangedProof).
		loggedIn(t, smtpprobe.NotAuthorized, smtpprobe.Accepted)
	r.run(t).converged(t).wroteNothing(t)
}
