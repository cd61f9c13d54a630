package e2e

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

// ask runs `smtp-mirror rotate` with the administrator's rights.
func (s *site) ask(args ...string) (code int, said string) {
	s.t.Helper()
	kubeconfig := filepath.Join(s.t.TempDir(), "admin.kubeconfig")
	must(s.t, s.ControlPlane.WriteKubeconfig(kubeconfig, s.AdminConfig))
	code, out, problems := command(s.t, append([]string{"rotate"}, append(args, "--config", s.ConfigFile, "--kubeconfig", kubeconfig)...)...)
	return code, out + problems
}

// password is the SOURCE's, which may be one that the controller has made.
func (s *site) password() string {
	s.t.Helper()
	source, err := s.Admin.CoreV1().Secrets(s.Home).Get(s.t.Context(), rig.SourceSecret, metav1.GetOptions{})
	must(s.t, err)
	password := string(source.Data["smtp-pass"])
	s.secret(password)
	return password
}

// TestRotateNow: a request gives the SOURCE a new password where that is permitted,
// once, and nobody is refused on the way.
func TestRotateNow(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{domain: rig.Domain, tune: func(c *config.Config) {
		withRotation("source", time.Second)(c)
		c.Submissions[0].Rotation.WriteSource = true
	}})
	s.start()
	s.until("the relay converges", patience, func(ctx context.Context) bool { o, _ := s.Outcome(ctx, relayTarget); return o == "Converged" })
	c := s.crowd(1)
	s.until("everything converges", patience, s.converged)
	before := s.password()
	for _, args := range [][]string{nil, {"console", "--revoke-now"}} {
		code, said := s.ask(args...)
		if code != 0 || !strings.Contains(said, "asked for a rotation of console") {
			t.Fatalf("exit %d: %s", code, said)
		}
		s.until("the SOURCE has a new password", patience, func(context.Context) bool { return s.password() != before })
		after := s.password()
		if len(after) != 32 {
			t.Errorf("the new password has %d characters", len(after))
		}
		s.until("the rotation is over", time.Minute, s.rested(after))
		s.stays("the password", time.Second, func(context.Context) bool { return s.password() == after })
		if n := c.Counts(); args == nil && n.Refused > 0 {
			t.Errorf("%d of %d logins were refused", n.Refused, n.Logins)
		}
		before = after
	}
	if !s.HasEvent(t.Context(), "SourceRotated") {
		t.Error("there is no Event of it")
	}
}

// TestTheSourceIsYours: where the SOURCE may not be written a request is held, and
// everything else goes on.
func TestTheSourceIsYours(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{domain: rig.Domain})
	s.start()
	s.until("everything converges", patience, s.converged)
	if code, said := s.ask(); code != 1 || !strings.Contains(said, "yours") {
		t.Errorf("exit %d: %s", code, said)
	}
	s.annotate("smtp-mirror.openova.io/rotate", "please")
	s.until("it is held", patience, func(ctx context.Context) bool {
		_, reason := s.Outcome(ctx, relayTarget)
		return reason == "SourceIsYours"
	})
	s.secret("canary-changed-by-hand-77")
	must(t, s.SetSource(t.Context(), "canary-changed-by-hand-77"))
	s.until("the mirror follows", patience, func(ctx context.Context) bool { return s.MirrorHolds(ctx, "canary-changed-by-hand-77") })
	s.annotate("smtp-mirror.openova.io/rotated", "please")
	s.until("everything converges", patience, s.converged)
}

// annotate sets an annotation of the SOURCE.
func (s *site) annotate(name, value string) {
	s.t.Helper()
	secrets := s.Admin.CoreV1().Secrets(s.Home)
	source, err := secrets.Get(s.t.Context(), rig.SourceSecret, metav1.GetOptions{})
	must(s.t, err)
	metav1.SetMetaDataAnnotation(&source.ObjectMeta, name, value)
	_, err = secrets.Update(s.t.Context(), source, metav1.UpdateOptions{})
	must(s.t, err)
}
