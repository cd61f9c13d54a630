package e2e

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// quietSpan is how long nothing more may happen before it counts as quiet: the
// retry curve has room for several tries in it.
const quietSpan = 3 * time.Second

// failedLogins counts what Stalwart would count against us.
func (s *site) failedLogins(protocol string) int {
	n := 0
	for _, l := range s.mail.Logins() {
		if l.Protocol == protocol && !l.OK {
			n++
		}
	}
	return n
}

// touchSource changes a label of the SOURCE: nothing of ours, but it wakes.
func (s *site) touchSource() {
	s.t.Helper()
	patch := []byte(`{"metadata":{"labels":{"touched":"` + rand.Text() + `"}}}`)
	_, err := s.Admin.CoreV1().Secrets(s.Home).Patch(s.t.Context(), rig.SourceSecret, types.MergePatchType, patch, metav1.PatchOptions{})
	must(s.t, err)
}

// TestAdminPasswordWrong: at most two tries for each version of the Secret,
// whoever wakes whatever, and then quiet until it is mended.
func TestAdminPasswordWrong(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"0.16.18", "lite"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, layout{version: version, domain: rig.Domain})
			if version == "lite" {
				must(t, rig.MakeKey(t.Context(), s.Rig.Mail))
			}
			good := string(s.adminSecret()["ADMIN_PASSWORD"])
			s.setAdmin("canary-wrong-admin-Pass-1")
			s.start()
			s.rejected(2)
			s.setAdmin("canary-wrong-admin-Pass-2")
			s.rejected(4)
			s.setAdmin(good)
			s.settled()
			if n := s.failedLogins("http"); n > 4 {
				t.Errorf("%d failed logins for two wrong versions", n)
			}
		})
	}
}

func (s *site) adminSecret() map[string][]byte {
	s.t.Helper()
	secret, err := s.Admin.CoreV1().Secrets(s.Home).Get(s.t.Context(), rig.AdminSecret, metav1.GetOptions{})
	must(s.t, err)
	return secret.Data
}

func (s *site) setAdmin(password string) {
	s.t.Helper()
	s.secret(password)
	s.editSecret(s.Home, rig.AdminSecret, func(data map[string][]byte) { data["ADMIN_PASSWORD"] = []byte(password) })
}

// rejected expects the trouble to be named, and no more than so many failures
// while every target is woken again and again.
func (s *site) rejected(failures int) {
	s.t.Helper()
	s.until("the second try of this version", patience, func(context.Context) bool { return s.failedLogins("http") >= failures-1 })
	s.await(relayTarget, "Held", "AdminCredentialRejected")
	s.await(recordTarget, "Held", "AdminCredentialRejected")
	s.awaitEvent("AdminCredentialRejected", "Secret", rig.SourceSecret, "administrator")
	for range 4 {
		s.touchSource()
	}
	s.stays("no more logins with a rejected credential", quietSpan, func(context.Context) bool { return s.failedLogins("http") <= failures })
}

// TestAdminSecretOfTwoKeys: username and password instead of the contract's one
// key.
func TestAdminSecretOfTwoKeys(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	s.editSecret(s.Home, rig.AdminSecret, func(data map[string][]byte) {
		data["username"], data["password"] = []byte(rig.AdminUser), data["ADMIN_PASSWORD"]
		delete(data, "ADMIN_PASSWORD")
	})
	s.start()
	s.settled()
	s.editSecret(s.Home, rig.AdminSecret, func(data map[string][]byte) { data["username"] = []byte("nobody") })
	s.touchSource()
	s.await("api-key", "Held", "AdminNotAccepted")
	s.until("everything else goes on", patience, s.convergedBut([]string{"api-key"}))
}

// TestAdminSecretMissing: absent, then without a key, then good.
func TestAdminSecretMissing(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	good := s.adminSecret()
	s.deleteSecret(s.Home, rig.AdminSecret)
	s.start()
	s.await(relayTarget, "Held", "AdminSecretMissing")
	s.createSecret(secretOf(s.Home, rig.AdminSecret, map[string]string{"unrelated": "x"}))
	row := s.await(relayTarget, "Held", "AdminSecretInvalid")
	if !contains(row.Message, "ADMIN_PASSWORD") {
		t.Errorf("the key is not named: %s", row.Message)
	}
	s.editSecret(s.Home, rig.AdminSecret, func(data map[string][]byte) { data["ADMIN_PASSWORD"] = good["ADMIN_PASSWORD"] })
	s.settled()
}
