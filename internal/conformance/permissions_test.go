package conformance

import (
	"slices"
	"testing"

	"github.com/openova-io/smtp-mirror/redact"
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
		{name: "an administrator who may not is told what", run: administratorForbidden},
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

// administratorForbidden logs in with an account that may do nothing else.
func administratorForbidden(t *testing.T, s *suite) {
	r := newRig(t, s)
	must(t, s.operator.CreateAccount(t.Context(), r.login(), r.password()))
	must(t, s.operator.Permit(t.Context(), r.login(), s.operator.Word(stalwart.Authenticate)))
	fleet, err := stalwart.NewFleet(stalwart.Options{URL: s.tap.URL, Gate: stalwart.NewGate(), Credential: func() (stalwart.Credential, error) {
		return stalwart.Credential{User: r.user(), Password: redact.New(r.password())}, nil
	}})
	must(t, err)
	t.Cleanup(fleet.CloseAll)
	r.relay.Fleet = fleet
	first := map[stalwart.Generation]string{stalwart.Gen016: "x:Domain/query", stalwart.Gen015: "GET /api/principal/" + mainDomain}
	r.run(t).stopped(t, stalwart.ReasonStalwartForbids, first[s.Generation()]).wroteNothing(t).loggedIn(t)
}
