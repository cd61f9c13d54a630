package conformance

import (
	"slices"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
)

func appPasswords() []scenario {
	return []scenario{
		{name: "app passwords log in beside the password, and end alone", run: appPasswordLife},
		{name: "a new password leaves app passwords as they are", run: appPasswordsStay},
		{name: "generation 1 does not take generation 10 with it", run: appPasswordPrefix},
		{name: "an app password that expires is still listed", only: stalwart.Gen016, run: appPasswordExpires},
		{name: "the quota of app passwords is said", only: stalwart.Gen016, run: appPasswordQuota},
	}
}

// app makes an app password with least permissions; 0.16 ignores the bytes that
// 0.15 is given.
func (r *rig) app(t *testing.T, name string, change func(n *stalwart.NewAppPassword)) (stalwart.AppPassword, string) {
	t.Helper()
	n := stalwart.NewAppPassword{Name: name, Secret: redact.New("Chosen-" + name + "-bytes-77"), Permissions: []stalwart.Permission{stalwart.Authenticate, stalwart.SendMail}}
	if change != nil {
		change(&n)
	}
	p, secret, err := r.directory(t).CreateAppPassword(t.Context(), r.account(t), n)
	must(t, err)
	r.secrets = append(r.secrets, secret)
	return p, secret.Reveal()
}

func (r *rig) appNames(t *testing.T) []string {
	t.Helper()
	a := r.account(t)
	all, err := r.directory(t).AppPasswords(t.Context(), a)
	must(t, err)
	if len(a.AppPasswords) != len(all) {
		t.Errorf("%d are listed, and %d are in the account", len(all), len(a.AppPasswords))
	}
	var names []string
	for _, p := range all {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return names
}

func (r *rig) accepts(t *testing.T, want smtpprobe.Verdict, password string) {
	t.Helper()
	if got := r.consume(t, password, r.from()); got.Verdict != want {
		t.Errorf("the login: %s, want %s: %s", got.Verdict, want, got.Detail)
	}
}

func appPasswordLife(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	first, one := r.app(t, "smtp-mirror-c-1", nil)
	_, two := r.app(t, "smtp-mirror-c-2", nil)
	for _, password := range []string{r.password(), one, two} {
		r.accepts(t, smtpprobe.Accepted, password)
	}
	if got := r.appNames(t); !slices.Equal(got, []string{"smtp-mirror-c-1", "smtp-mirror-c-2"}) {
		t.Errorf("they are %v", got)
	}
	for range 2 { // the second time there is nothing
		must(t, r.directory(t).DestroyAppPassword(t.Context(), r.account(t), first))
	}
	r.accepts(t, smtpprobe.PasswordRefused, one)
	r.accepts(t, smtpprobe.Accepted, two)
	r.run(t).converged(t).changed(t).wroteNothing(t)
}

func appPasswordsStay(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	_, secret := r.app(t, "smtp-mirror-c-1", nil)
	must(t, r.directory(t).SetPassword(t.Context(), r.account(t), redact.New("quite Another Horse 55")))
	r.accepts(t, smtpprobe.Accepted, secret)
	r.accepts(t, smtpprobe.Accepted, "quite Another Horse 55")
	r.accepts(t, smtpprobe.PasswordRefused, r.password())
}

func appPasswordPrefix(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	first, _ := r.app(t, "smtp-mirror-c-1", nil)
	_, tenth := r.app(t, "smtp-mirror-c-10", nil)
	must(t, r.directory(t).DestroyAppPassword(t.Context(), r.account(t), first))
	r.accepts(t, smtpprobe.Accepted, tenth)
}

func appPasswordExpires(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	expires := time.Now().Add(2 * time.Second)
	p, secret := r.app(t, "smtp-mirror-c-1", func(n *stalwart.NewAppPassword) { n.ExpiresAt = expires })
	r.accepts(t, smtpprobe.Accepted, secret)
	time.Sleep(time.Until(expires.Add(time.Second))) // the server's clock
	if got := r.consume(t, secret, r.from()); got.Verdict == smtpprobe.Accepted {
		t.Error("it logs in after its time")
	}
	a := r.account(t)
	all, err := r.directory(t).AppPasswords(t.Context(), a)
	must(t, err)
	if len(a.AppPasswords) != len(all) {
		t.Errorf("%d are listed, and %d are in the account", len(all), len(a.AppPasswords))
	}
	if len(all) != 1 || all[0].ID != p.ID || all[0].ExpiresAt.IsZero() || all[0].CreatedAt.IsZero() {
		t.Errorf("listed: %+v", all)
	}
}

func appPasswordQuota(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		r.app(t, name, nil)
	}
	_, _, err := r.directory(t).CreateAppPassword(t.Context(), r.account(t), stalwart.NewAppPassword{Name: "f"})
	if err == nil {
		t.Error("a sixth one was made")
	}
}
