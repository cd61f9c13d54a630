package e2e

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

// second adds another mirror to the configuration.
func second(namespace, name string, shapes ...string) func(*config.Config) {
	return func(c *config.Config) {
		m := config.Mirror{Namespace: namespace, Name: name, Shapes: shapes}
		if len(shapes) == 0 {
			m.Shapes = []string{"smtp", "legacy"}
		}
		c.Submissions[0].Mirrors = append(c.Submissions[0].Mirrors, m)
	}
}

// othersConverged reports whether every target but one is converged.
func (s *site) othersConverged(but string) func(ctx context.Context) bool {
	return func(ctx context.Context) bool {
		targets, _, err := s.Status(ctx)
		for name, t := range targets {
			if name != but && t.Outcome != "Converged" {
				return false
			}
		}
		return err == nil && len(targets) > 1
	}
}

func (s *site) secretHolds(namespace, name, password string) func(ctx context.Context) bool {
	return func(ctx context.Context) bool {
		m, err := s.Admin.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
		return err == nil && string(m.Data["smtp-pass"]) == password
	}
}

// TestTargetCannotBeWritten: an immutable target and one of another type are held
// as they are; deleting them, as the message says, heals.
func TestTargetCannotBeWritten(t *testing.T) {
	t.Parallel()
	yes := true
	for reason, stranger := range map[string]*corev1.Secret{
		"TargetImmutable":   {Immutable: &yes, Data: map[string][]byte{"smtp-pass": []byte("old")}},
		"TargetTypeDiffers": {Type: corev1.SecretTypeBasicAuth, Data: map[string][]byte{"username": []byte("u"), "password": []byte("p")}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()

			s := newSite(t, layout{tune: func(c *config.Config) { second(c.Submissions[0].Mirrors[0].Namespace, "stranger")(c) }})
			stranger.Namespace, stranger.Name = s.Consumer, "stranger"
			s.createSecret(stranger)
			target := "mirror/" + s.Consumer + "/stranger"
			s.start()
			s.await(target, "Held", reason)
			s.until("the others converge", patience, s.othersConverged(target))
			s.awaitEvent(reason, "Secret", "stranger", "delete it")
			s.deleteSecret(s.Consumer, "stranger")
			s.until("healed", patience, s.converged)
			if !s.secretHolds(s.Consumer, "stranger", rig.FirstPassword)(t.Context()) {
				t.Error("the new target does not hold the password")
			}
		})
	}
}

// everywhere grants the controller its rights on a target in every namespace:
// without them a missing namespace looks like a missing right.
func (s *site) everywhere(name string) {
	s.t.Helper()
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: s.Home}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{name}, Verbs: []string{"get", "list", "watch", "create", "patch"}},
		{APIGroups: []string{"events.k8s.io"}, Resources: []string{"events"}, Verbs: []string{"create", "patch"}}}}
	_, err := s.Admin.RbacV1().ClusterRoles().Create(s.t.Context(), role, metav1.CreateOptions{})
	must(s.t, err)
	binding := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: s.Home}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: s.Home},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: s.Home, Name: rig.ServiceAccount}}}
	_, err = s.Admin.RbacV1().ClusterRoleBindings().Create(s.t.Context(), binding, metav1.CreateOptions{})
	must(s.t, err)
}

// adopt adds a mirror in a namespace that does not exist. Its Role cannot exist
// either, so the configuration follows after the rights.
func (s *site) adopt(namespace, name string) string {
	s.t.Helper()
	must(s.t, s.Reconfigure(s.DefaultConfig(), second(namespace, name)))
	return "mirror/" + namespace + "/" + name
}

// TestNamespaceComesAndGoes: absent, made, terminating, gone, made again; each
// is named, the other targets never mind, and nothing has to be restarted.
func TestNamespaceComesAndGoes(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	away := namespace(t, "away")
	s.everywhere("guest")
	target := s.adopt(away, "guest")
	s.start()
	s.await(target, "Held", "NamespaceMissing")
	s.awaitEvent("NamespaceMissing", "Secret", rig.SourceSecret, "")
	s.until("the others converge", patience, s.othersConverged(target))
	s.createNamespace(away)
	s.until("mirrored into the new namespace", patience, s.secretHolds(away, "guest", rig.FirstPassword))
	release := s.pin(away)
	must(t, s.Admin.CoreV1().Namespaces().Delete(t.Context(), away, metav1.DeleteOptions{}))
	s.await(target, "Held", "NamespaceTerminating")
	s.until("the others converge", patience, s.othersConverged(target))
	release()
	s.await(target, "Held", "NamespaceMissing")
	s.createNamespace(away)
	s.until("mirrored again", patience, s.secretHolds(away, "guest", rig.FirstPassword))
	s.until("everything converges", patience, s.converged)
	must(t, s.Admin.CoreV1().Namespaces().Delete(t.Context(), away, metav1.DeleteOptions{}))
}

func (s *site) createNamespace(name string) {
	s.t.Helper()
	_, err := s.Admin.CoreV1().Namespaces().Create(s.t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	must(s.t, err)
}

// pin keeps a namespace from going away until the function that it returns is
// called.
func (s *site) pin(namespace string) (release func()) {
	s.t.Helper()
	maps := s.Admin.CoreV1().ConfigMaps(namespace)
	_, err := maps.Create(s.t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "pin", Finalizers: []string{"e2e.test/pin"}}}, metav1.CreateOptions{})
	must(s.t, err)
	return func() {
		_, err := maps.Patch(s.t.Context(), "pin", types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
		must(s.t, err)
	}
}

// TestNamespaceWithoutRole: where even the Role is missing, the API server's own
// words are shown, and it heals when namespace and Role are there.
func TestNamespaceWithoutRole(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	away := namespace(t, "away")
	target := s.adopt(away, "guest")
	s.start()
	row := s.await(target, "Held", "Forbidden")
	if !contains(row.Message, "secrets") || !contains(row.Message, away) {
		t.Errorf("what is forbidden is not named: %s", row.Message)
	}
	s.until("the others converge", patience, s.othersConverged(target))
	s.createNamespace(away)
	cfg, err := config.Load(s.ConfigFile)
	must(t, err)
	must(t, s.Grant(t.Context(), cfg))
	s.until("mirrored", patience, s.secretHolds(away, "guest", rig.FirstPassword))
	s.until("everything converges", patience, s.converged)
	must(t, s.Admin.CoreV1().Namespaces().Delete(t.Context(), away, metav1.DeleteOptions{}))
}
