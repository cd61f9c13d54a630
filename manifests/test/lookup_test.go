package charts_test

import (
	"context"
	"maps"
	"testing"

	charts "github.com/openova-io/smtp-mirror/manifests/test"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestAConsumerFollowsItsMirrorInARealCluster: upgrade by upgrade, what is rendered is
// applied and is the existing Secret of the next.
func TestAConsumerFollowsItsMirrorInARealCluster(t *testing.T) {
	s := needServer(t)
	s.namespace(t, "platform", nil)
	s.namespace(t, "shop", nil)
	upgrade := func() map[string]string {
		t.Helper()
		v := values(t, "mirror: {namespace: platform, name: m}")
		r, err := charts.Render(consumerChart, charts.Release{Name: "shop", Namespace: "shop", Values: v, Cluster: cluster{s.objects}})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects(t, r) {
			if err := s.apply(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
		return fields(t, r)
	}
	first, second := five("mail.openova.io", "587", "noreply@openova.io", "seed", "one"), five("mail.example.org", "587", "noreply@example.org", "noreply", "two")
	steps := []struct {
		name   string
		mirror map[string]string // nil: it is deleted
		want   map[string]string
	}{
		{"before the seed", nil, five("mail.openova.io", "587", "noreply@openova.io", "", "")},
		{"the seed", first, first},
		{"the cutover", second, second},
		{"the mirror is emptied", map[string]string{}, second},
		{"the mirror is gone", nil, second},
	}
	for _, step := range steps {
		s.mirror(t.Context(), t, step.mirror)
		if got := upgrade(); !maps.Equal(got, step.want) {
			t.Errorf("%s: %q\nwant %q", step.name, got, step.want)
		}
	}
}

// mirror makes the mirror platform/m what it should be.
func (s *server) mirror(ctx context.Context, t *testing.T, data map[string]string) {
	t.Helper()
	secrets := s.typed.CoreV1().Secrets("platform")
	_ = secrets.Delete(ctx, "m", metav1.DeleteOptions{}) // it may not be there
	if data == nil {
		return
	}
	if _, err := secrets.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "m"}, StringData: data}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}
