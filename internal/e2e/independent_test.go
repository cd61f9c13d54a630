package e2e

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

// TestTwoSubmissionsRotateIndependently: one is in the middle of its overlap while
// the other rotates to the end, and both rest with what their SOURCEs say.
func TestTwoSubmissionsRotateIndependently(t *testing.T) {
	t.Parallel()
	const next = "canary-alerts-Next-of-the-second-pa55"
	s := newSite(t, layout{tune: func(c *config.Config) {
		withAlerts(c)
		slow, fast := config.Duration{Duration: 6 * time.Second}, config.Duration{Duration: time.Second}
		c.Submissions[0].Rotation.Overlap, c.Submissions[1].Rotation.Overlap = &slow, &fast
		c.Submissions[1].StateSecret = "smtp-mirror-alerts"
	}})
	s.secret(alertsPassword, next)
	s.createSecret(secretOf(s.Home, "alerts-submission", map[string]string{"smtp-host": rig.MailHost, "smtp-port": "587", "smtp-from": "alerts@example.test",
		"smtp-user": "alerts@example.test", "smtp-pass": alertsPassword}))
	s.start()
	s.settled()
	must(t, s.SetSource(t.Context(), rig.SecondPassword))
	s.until("the first begins", patience, func(ctx context.Context) bool { return !s.MirrorHolds(ctx, rig.FirstPassword) })
	s.editSecret(s.Home, "alerts-submission", func(data map[string][]byte) { data["smtp-pass"] = []byte(next) })
	rests := func(user string, holds func(ctx context.Context) bool) func(ctx context.Context) bool {
		return func(ctx context.Context) bool {
			account, ok := s.mail.Account(user)
			return ok && account.Credentials == 1 && holds(ctx)
		}
	}
	s.until("the second is at rest", patience, rests("alerts@example.test", s.alertsHold(next)))
	if s.MirrorHolds(t.Context(), rig.SecondPassword) {
		t.Error("the first did not wait for its overlap")
	}
	s.until("the first is at rest", patience, rests("noreply@example.test", func(ctx context.Context) bool { return s.MirrorHolds(ctx, rig.SecondPassword) }))
	s.settled()
	if !s.alertsHold(next)(t.Context()) {
		t.Error("the second has moved")
	}
}

// alertsHold reports whether the mirror of the second submission holds a password.
func (s *site) alertsHold(password string) func(ctx context.Context) bool {
	return func(ctx context.Context) bool {
		m, err := s.Admin.CoreV1().Secrets(s.Consumer).Get(ctx, "alerts-smtp", metav1.GetOptions{})
		return err == nil && holds(m, "SMTP_PASS", password)
	}
}

func holds(s *corev1.Secret, key, value string) bool { return string(s.Data[key]) == value }
