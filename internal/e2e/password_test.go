package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

// TestWeakPassword: 0.16 has an opinion about passwords, and its words reach the
// operator.
func TestWeakPassword(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"0.16.18", "0.16.3"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, layout{version: version})
			s.start()
			s.settled()
			before := s.mirror().ResourceVersion
			const weak = "zqzqzqzqzqzqzqzqzqzq"
			s.secret(weak)
			must(t, s.SetSource(t.Context(), weak))
			row := s.await(relayTarget, "Held", "PasswordRefused")
			if !contains(row.Message, "too weak") {
				t.Errorf("Stalwart's words are missing: %s", row.Message)
			}
			s.awaitEvent("PasswordRefused", "Secret", rig.SourceSecret, "too weak")
			s.await(s.mirrorTarget(), "Held", "AwaitingProof")
			if s.mirror().ResourceVersion != before {
				t.Error("the mirror was written")
			}
			must(t, s.SetSource(t.Context(), rig.SecondPassword))
			s.until("mended", patience, func(ctx context.Context) bool { return s.MirrorHolds(ctx, rig.SecondPassword) && s.converged(ctx) })
		})
	}
}

// TestWeakPasswordOn015: it is stored as a hash there, so any password works.
func TestWeakPasswordOn015(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{version: "lite", domain: rig.Domain})
	must(t, rig.MakeKey(t.Context(), s.Rig.Mail))
	const weak = "$6$zqzqzq" // 0.15 would take it for a hash
	s.secret(weak)
	must(t, s.SetSource(t.Context(), weak))
	s.start()
	s.settled()
	if !s.MirrorHolds(t.Context(), weak) {
		t.Error("the mirror does not hold it")
	}
}

// TestPasswordRejectedAtLogin: Stalwart takes the password and then refuses the
// login.
func TestPasswordRejectedAtLogin(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	s.start()
	s.settled()
	before := s.mirror().ResourceVersion
	s.mail.Fail(stalwarttest.Fault{Kind: stalwarttest.SMTPRefuse, Times: -1})
	const refused = "canary-Refused-at-the-login-9"
	s.secret(refused)
	must(t, s.SetSource(t.Context(), refused))
	row := s.await(relayTarget, "Held", "PasswordRefused")
	if !contains(row.Message, "535") {
		t.Errorf("Stalwart's words are missing: %s", row.Message)
	}
	const touches, offers = 10, 4 // a password is offered twice at the most; a run that was under way may have met the refusal with the old one
	for range touches {           // each wakes the relay
		s.touchSource()
	}
	s.stays("the mirror is untouched, and no login is tried in a loop", quietSpan, func(context.Context) bool {
		return s.mirror().ResourceVersion == before && s.failedLogins("smtp") <= offers
	})
	s.mail.Heal()
	must(t, s.SetSource(t.Context(), rig.SecondPassword))
	s.until("mended", patience, func(ctx context.Context) bool { return s.MirrorHolds(ctx, rig.SecondPassword) && s.converged(ctx) })
}
