package conformance

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
)

func directory() []scenario {
	return []scenario{
		{name: "a domain is absent, then created, then there already", run: domainLife},
		{name: "an account is absent, then created, then read back", run: accountLife},
		{name: "an account that exists is taken as it is", run: accountTaken},
	}
}

// keysDomain is created by the product, so that 0.16 makes DKIM keys for it.
const keysDomain = "keys.test"

func domainLife(t *testing.T, s *suite) {
	d := newRig(t, s).directory(t)
	absent, err := d.Domain(t.Context(), "absent.test")
	must(t, err)
	if absent != nil {
		t.Errorf("a domain that nobody made: %+v", absent)
	}
	if err := d.CreateDomain(t.Context(), strings.ToUpper(keysDomain), false); err != nil && !errors.Is(err, stalwart.ErrExists) {
		t.Fatal(err)
	}
	if err := d.CreateDomain(t.Context(), keysDomain, false); !errors.Is(err, stalwart.ErrExists) {
		t.Errorf("the second creation: %v", err)
	}
	there, err := d.Domain(t.Context(), keysDomain)
	must(t, err)
	is016 := s.Generation() == stalwart.Gen016
	if there == nil || there.Name != keysDomain || there.CreatedAt.IsZero() == is016 || there.DKIMAutomatic != is016 {
		t.Errorf("the domain is %+v", there)
	}
}

func accountLife(t *testing.T, s *suite) {
	r := newRig(t, s)
	d := r.directory(t)
	if absent := r.survey(t).Account; absent != nil {
		t.Errorf("an account that nobody made: %+v", absent)
	}
	alias := r.address("alerts")
	must(t, d.CreateAccount(t.Context(), stalwart.NewAccount{
		Login: r.login(), Addresses: []string{alias}, Password: redact.New(r.password()),
		Permissions: []stalwart.Permission{stalwart.Authenticate, stalwart.SendMail},
	}))
	must(t, d.ForgetUnknown(t.Context()))
	a := r.account(t)
	want := []string{r.from(), alias}
	if s.Generation() == stalwart.Gen015 {
		want = []string{alias} // a name is no address of its own
	}
	if !slices.Equal(a.Addresses, want) {
		t.Errorf("the addresses are %v", a.Addresses)
	}
	if !slices.Equal(a.Missing, []stalwart.Permission{stalwart.ReceiveMail}) || len(a.Denied) > 0 {
		t.Errorf("missing is %v, denied is %v", a.Missing, a.Denied)
	}
	if got := r.consume(t, r.password(), r.from(), alias); got.Verdict != smtpprobe.Accepted {
		t.Errorf("the login: %+v", got)
	}
}

// accountTaken finds an account with a role and the right password: there is
// nothing to write.
func accountTaken(t *testing.T, s *suite) {
	r := newRig(t, s)
	must(t, s.operator.CreateAccount(t.Context(), r.login(), r.password()))
	r.run(t).converged(t).changed(t).wroteNothing(t).loggedIn(t, smtpprobe.Accepted)
}
