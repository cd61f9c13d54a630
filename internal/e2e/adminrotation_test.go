package e2e

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

const newAdmin = "canary-of-a-new-administrator"

// TestAdminRotationStopsNothing: Stalwart reads its administrator's password only
// when it starts. A new one in the Secret holds nobody up, also not across a crash
// of ours, and costs no more than two refused logins for each life of ours.
func TestAdminRotationStopsNothing(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"0.16.18", "lite"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, layout{version: version, domain: rig.Domain})
			if version == "lite" {
				must(t, rig.MakeKey(t.Context(), s.Rig.Mail))
			}
			p := s.start()
			s.settled()
			s.setAdmin(newAdmin)
			s.await("api-key", "Held", "AdminNotAccepted")
			s.kill(p)
			s.start()
			must(t, s.SetSource(t.Context(), rig.SecondPassword))
			s.until("the mirror follows", patience, func(ctx context.Context) bool { return s.MirrorHolds(ctx, rig.SecondPassword) })
			s.await("api-key", "Held", "AdminNotAccepted")
			s.until("everything else goes on", patience, s.convergedBut([]string{"api-key"}))
			if n := s.failedLogins("http"); n > 4 {
				t.Errorf("%d logins of the administrator were refused", n)
			}
			s.mail.SetAdminPassword(newAdmin)
			must(t, s.mail.Stop())
			s.await(relayTarget, "Retrying", "StalwartUnreachable")
			must(t, s.mail.Start())
			s.settled()
		})
	}
}

// TestAdminRotationRestartsStalwart: where that is allowed, once for each version of
// the Secret.
func TestAdminRotationRestartsStalwart(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{pods: true, tune: func(c *config.Config) { c.Stalwart.Restart.Enabled = true }})
	s.start()
	s.settled()
	asked := func() (annotation string, generation int64) {
		set, err := s.Admin.AppsV1().StatefulSets(s.Home).Get(t.Context(), rig.NamespaceStalwart, metav1.GetOptions{})
		must(t, err)
		return set.Spec.Template.Annotations["smtp-mirror.openova.io/admin-secret"], set.Generation
	}
	_, before := asked()
	s.mail.SetAdminPassword(newAdmin) // it is read with the next start
	s.setAdmin(newAdmin)
	s.until("it was restarted", patience, func(context.Context) bool { _, password := s.mail.Admin(); return password == newAdmin })
	s.settled()
	annotation, after := asked()
	if annotation == "" || after != before+1 {
		t.Errorf("the template has changed %d times, the annotation is %q", after-before, annotation)
	}
	if n := s.failedLogins("http"); n > 2 {
		t.Errorf("%d logins of the administrator were refused", n)
	}
}
