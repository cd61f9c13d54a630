package e2e

import (
	"context"
	"maps"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

const alertsPassword = "canary-alerts-Of-the-second-pa55word"

// withAlerts adds a second submission with a mirror of its own.
func withAlerts(c *config.Config) {
	second := c.Submissions[0]
	second.Name, second.Secret, second.SendAs, second.ReceiveBounces = "alerts", "alerts-submission", []string{"alarm@example.test"}, true
	second.Mirrors = []config.Mirror{{Namespace: c.Submissions[0].Mirrors[0].Namespace, Name: "alerts-smtp", Shapes: []string{"env"},
		Labels: map[string]string{"team": "ops"}, Annotations: map[string]string{"reflector.v1.k8s.emberstack.com/reflection-allowed": "true"}}}
	c.Submissions = append(c.Submissions, second)
}

// TestTwoSubmissions: two logins, two proofs, two mirrors, and neither minds the
// other's trouble.
func TestTwoSubmissions(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{tune: withAlerts})
	s.secret(alertsPassword)
	s.createSecret(secretOf(s.Home, "alerts-submission", map[string]string{"smtp-host": rig.MailHost, "smtp-port": "587", "smtp-from": "alerts@example.test",
		"smtp-user": "alerts@example.test", "smtp-pass": alertsPassword}))
	s.start()
	s.settled()
	m, err := s.Admin.CoreV1().Secrets(s.Consumer).Get(t.Context(), "alerts-smtp", metav1.GetOptions{})
	must(t, err)
	want := map[string]string{"SMTP_HOST": rig.MailHost, "SMTP_PORT": "587", "SMTP_FROM": "alerts@example.test", "SMTP_USER": "alerts@example.test", "SMTP_PASS": alertsPassword}
	have := map[string]string{}
	for key, value := range m.Data {
		have[key] = string(value)
	}
	if !maps.Equal(have, want) || m.Labels["team"] != "ops" || m.Annotations["reflector.v1.k8s.emberstack.com/reflection-allowed"] != "true" {
		t.Error("the env shape, or a configured label or annotation, is not as configured")
	}
	account, ok := s.mail.Account("alerts@example.test")
	if !ok || !containsAll(account.Addresses, "alerts@example.test", "alarm@example.test") {
		t.Errorf("the account of the second submission: %t %v", ok, account.Addresses)
	}
	s.editSecret(s.Home, "alerts-submission", func(data map[string][]byte) { delete(data, "smtp-from") })
	s.await("relay/alerts", "Held", "SourceInvalid")
	s.await("mirror/"+s.Consumer+"/alerts-smtp", "Held", "SourceInvalid")
	must(t, s.SetSource(t.Context(), rig.SecondPassword))
	s.until("the first goes on", patience, func(ctx context.Context) bool {
		outcome, _ := s.Outcome(ctx, relayTarget)
		return s.MirrorHolds(ctx, rig.SecondPassword) && outcome == "Converged"
	})
	for _, name := range []string{"console", "alerts"} {
		if proof := s.metric(`smtp_mirror_last_proof_timestamp_seconds{submission="` + name + `"}`); proof == "" || proof == "0" {
			t.Errorf("no proof of %s is shown", name)
		}
	}
}

func containsAll(all []string, wanted ...string) bool {
	has := map[string]bool{}
	for _, a := range all {
		has[a] = true
	}
	for _, w := range wanted {
		if !has[w] {
			return false
		}
	}
	return true
}

// TestAddressOfSomebodyElse: an address that cannot be granted is named with its
// owner, what works goes on, and it is over when the owner gives it up.
func TestAddressOfSomebodyElse(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{tune: withAlerts})
	s.secret(alertsPassword)
	s.editSource(func(data map[string][]byte) { data["smtp-from"] = []byte("alarm@example.test") })
	s.start()
	s.until("console owns the address", patience, func(ctx context.Context) bool {
		outcome, _ := s.Outcome(ctx, relayTarget)
		return outcome == "Converged"
	})
	s.createSecret(secretOf(s.Home, "alerts-submission", map[string]string{"smtp-host": rig.MailHost, "smtp-port": "587", "smtp-from": "alerts@example.test",
		"smtp-user": "alerts@example.test", "smtp-pass": alertsPassword}))
	row := s.await("relay/alerts", "Held", "AddressOwnedByOther")
	if !contains(row.Message, "alarm@example.test") || !contains(row.Message, "noreply") {
		t.Errorf("address or owner are not named: %s", row.Message)
	}
	outcome, _ := s.Outcome(t.Context(), relayTarget)
	if outcome != "Converged" {
		t.Errorf("the owner is %s", outcome)
	}
}
