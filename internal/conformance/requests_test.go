package conformance

import (
	"testing"

	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/stalwartsync"
)

func requests() []scenario {
	return []scenario{
		{name: "an issued credential is renewed when somebody asks", run: askedIssued},
		{name: "a revoked credential ends when the mirror holds the next", run: revokedIssued},
		{name: "a revoked password ends when the mirror holds the next", run: revokedSource},
		{name: "an issued credential that may not be used from here is not minted again and again", run: issuedElsewhere},
	}
}

// ask annotates the SOURCE.
func (r *rig) ask(request string) {
	r.annotations = map[string]string{stalwartsync.AnnotationRotate: request}
}

func askedIssued(t *testing.T, s *suite) {
	r := newTurning(t, s, true)
	r.ask("before the beginning")
	first := r.turn(t)
	if again := r.turn(t); again != first {
		t.Error("what is new was renewed at once")
	}
	r.ask("now")
	second := r.turn(t)
	if second == first {
		t.Error("nothing was renewed")
	}
	if again := r.turn(t); again != second {
		t.Error("one request was followed twice")
	}
	r.accepts(t, smtpprobe.Accepted, first)
}

func revokedIssued(t *testing.T, s *suite) {
	r := newTurning(t, s, true)
	first := r.turn(t)
	r.ask("revoke-now/1")
	second := r.turn(t)
	if second == first {
		t.Fatal("nothing was renewed")
	}
	r.turn(t) // the mirror holds the second one now
	r.accepts(t, smtpprobe.PasswordRefused, first)
	r.accepts(t, smtpprobe.Accepted, r.password())
	if n := len(r.appNames(t)); n != 1 {
		t.Errorf("%d app passwords are left", n)
	}
}

// revokedSource: on 0.16 a bridge carries the mirror over, so that it never holds
// what does not log in.
func revokedSource(t *testing.T, s *suite) {
	r := newTurning(t, s, false)
	first := r.turn(t)
	r.rotate("another Correct Horse Battery 77")
	r.ask("revoke-now/1")
	r.annotations[stalwartsync.AnnotationRotated] = "revoke-now/1"
	second := r.turn(t)
	if (second == r.password()) != (s.Generation() == stalwart.Gen015) {
		t.Error("the mirror holds the wrong generation")
	}
	r.turn(t)
	r.accepts(t, smtpprobe.PasswordRefused, first)
	r.settle(t)
}

// issuedElsewhere: 0.16 refuses an app password from an address that it is not for.
func issuedElsewhere(t *testing.T, s *suite) {
	if s.Generation() == stalwart.Gen015 {
		t.Skip("0.15 cannot bind an app password to addresses")
	}
	r := newTurning(t, s, true)
	r.relay.Rotation.AllowedIPs = []string{"10.99.0.0/16"}
	for range 3 {
		got := r.run(t)
		t.Logf("%v", got.err)
		if got.err == nil {
			t.Fatal("it is taken for proven")
		}
	}
	if n := len(r.proofs); n > 6 { // each run drops the caches once and looks again
		t.Errorf("%d logins", n)
	}
	if n := len(r.appNames(t)); n > 2 {
		t.Errorf("%d app passwords", n)
	}
	r.relay.Rotation.AllowedIPs = nil
	r.ask("now")
	r.turn(t)
}
