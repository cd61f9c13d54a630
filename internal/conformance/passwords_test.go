package conformance

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/stalwartsync"
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/watcher"
)

func passwords() []scenario {
	return []scenario{
		{name: "an old password dies at once, app passwords live on", run: passwordReplaced},
		{name: "a weak password is refused in the server's words", only: stalwart.Gen016, run: weakPassword},
		{name: "a weak password is a password like any other", only: stalwart.Gen015, run: weakPasswordWorks},
		{name: "unusual passwords work", run: unusualPasswords},
		{name: "a password that reads like a hash works or is held", run: hashLikePassword},
		{name: "an account without a password gets one", only: stalwart.Gen016, run: passwordLost},
	}
}

func passwordReplaced(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	app, err := s.operator.AddAppPassword(t.Context(), r.login())
	must(t, err)
	old, replacement := r.password(), "Conf-"+rand.Text()
	must(t, r.directory(t).SetPassword(t.Context(), r.account(t), redact.New(replacement)))
	for _, c := range []struct {
		what, password string
		want           smtpprobe.Verdict
	}{
		{"the new password", replacement, smtpprobe.Accepted},
		{"the app password", app, smtpprobe.Accepted},
		{"the old password", old, smtpprobe.PasswordRefused},
	} {
		if got := r.consume(t, c.password, r.from()); got.Verdict != c.want {
			t.Errorf("%s: %+v, want %s", c.what, got, c.want)
		}
	}
}

// weakPassword is refused for a new account and for one that has a password.
func weakPassword(t *testing.T, s *suite) {
	const weak = "password12"
	r := newRig(t, s)
	good := r.password()
	r.source[submission.KeyPass] = weak
	o := r.run(t).stopped(t, stalwart.ReasonPasswordRefused, "weak").loggedIn(t)
	var refused *stalwart.RefusedError
	if !errors.As(o.err, &refused) || !refused.Password {
		t.Errorf("got %+v", o.err)
	}
	r.source[submission.KeyPass] = good
	r.run(t).converged(t)
	r.rotate(weak)
	r.run(t).stopped(t, stalwart.ReasonPasswordRefused, "weak").loggedIn(t)
	if got := r.consume(t, good, r.from()); got.Verdict != smtpprobe.Accepted {
		t.Errorf("the password before: %+v", got)
	}
}

func weakPasswordWorks(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.source[submission.KeyPass] = "password12"
	r.run(t).converged(t).loggedIn(t, smtpprobe.Accepted)
}

// unusualPasswords rotates through them: none costs a refused login.
func unusualPasswords(t *testing.T, s *suite) {
	r := newRig(t, s)
	for _, password := range []string{
		"$Conf-" + rand.Text(), "_Conf-" + rand.Text(), "{Conf}" + rand.Text(),
		"  Übergröße-€ " + rand.Text() + " ", `"\'%n:` + strings.Repeat("x", 90) + rand.Text(),
	} {
		r.rotate(password)
		r.run(t).converged(t).loggedIn(t, smtpprobe.Accepted)
	}
	r.rotate(strings.Repeat("x", 174) + rand.Text())
	if s.Generation() == stalwart.Gen015 {
		r.run(t).converged(t).loggedIn(t, smtpprobe.Accepted)
		return
	}
	r.run(t).stopped(t, stalwart.ReasonPasswordRefused, "128").loggedIn(t)
}

// hashLikePassword is stored as it is by 0.16.6 and later, which makes it the
// hash of another password: the login tells, and is not repeated.
func hashLikePassword(t *testing.T, s *suite) {
	const hash = "$6$conformance$j4pg0z8sIeL2sHbsZHRlOrIPawzWaiwJeznSKmgGCa0GMfPAGfEoMao/slt059au25B7AjhgAzy7yevz8kbyJ."
	r := newRig(t, s)
	r.source[submission.KeyPass] = hash
	o := r.run(t)
	if o.err == nil {
		o.converged(t)
		return
	}
	o.stopped(t, string(smtpprobe.PasswordRefused)).loggedIn(t, smtpprobe.PasswordRefused)
	var wait interface{ Hold() time.Duration }
	if !errors.As(o.err, &wait) {
		t.Errorf("no wait: %v", o.err)
	}
	if s.Generation() == stalwart.Gen015 {
		t.Errorf("0.15 stores a hash of its own making: %s", watcher.ReasonOf(o.err))
	}
}

// passwordLost does what takes the credential away before 0.16.5 and nothing
// after: null below a list index.
func passwordLost(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	operator := s.operator.(*jmapOperator)
	must(t, operator.patch(t.Context(), r.login(), object{"credentials/0/expiresAt": nil}))
	o := r.run(t).converged(t)
	if len(o.proofs) > 1 {
		o.changed(t, stalwartsync.ChangedPassword)
	}
	r.run(t).converged(t).wroteNothing(t)
}
