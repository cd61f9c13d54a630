package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
)

// TestRotationAtTheDefaults: with the overlap that is shipped a new SOURCE is
// answered by a credential that logs in at once, while the old one goes on for half
// an hour; on 0.16 it is one of the server's choice.
func TestRotationAtTheDefaults(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"0.16.18", "0.15.5"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			shipped, err := config.Parse([]byte("domain: " + rig.Domain))
			must(t, err)
			s := newSite(t, layout{version: version, domain: rig.Domain, tune: func(c *config.Config) {
				c.Submissions[0].Rotation = shipped.Submissions[0].Rotation
			}})
			s.start()
			s.until("the mirror holds the SOURCE", patience, func(ctx context.Context) bool { return s.MirrorHolds(ctx, rig.FirstPassword) })
			begin := time.Now()
			must(t, s.SetSource(t.Context(), rig.SecondPassword))
			s.until("the mirror holds another one", patience, func(ctx context.Context) bool { return !s.MirrorHolds(ctx, rig.FirstPassword) })
			t.Logf("SOURCE -> mirror: %s", time.Since(begin).Round(time.Millisecond))
			mirrored := string(s.mirror().Data["smtp-pass"])
			s.secret(mirrored)
			if (mirrored == rig.SecondPassword) != (version == "0.15.5") {
				t.Error("the mirror holds the wrong generation")
			}
			s.until("everything is quiet", patience, func(ctx context.Context) bool { o, _ := s.Outcome(ctx, relayTarget); return o == "Converged" })
			for _, password := range []string{rig.FirstPassword, mirrored} {
				if !s.logsIn(password) {
					t.Error("one of the two does not log in")
				}
			}
		})
	}
}

// logsIn tries a password of the submission account.
func (s *site) logsIn(password string) bool {
	s.t.Helper()
	return smtpprobe.Probe(s.t.Context(), smtpprobe.Request{Address: s.Rig.Mail.SubmissionAddr(), ServerName: rig.MailHost, NoVerify: true,
		User: "noreply@" + rig.Domain, Password: redact.New(password), Senders: []string{"noreply@" + rig.Domain}}).Verdict == smtpprobe.Accepted
}
