package watcher_test

import (
	"reflect"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/watcher"
)

func pod(name string, change func(p *corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, UID: "uid-1", ResourceVersion: "7", Labels: map[string]string{"a": "b"}, ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "m"}}}}
	p.Spec.Containers = []corev1.Container{{Name: "stalwart", Image: "i", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}}, Env: []corev1.EnvVar{{Name: "ADMIN_PASSWORD", Value: canary}}}, {Name: "sidecar", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 9090}}}}
	p.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.0.0.1", ContainerStatuses: []corev1.ContainerStatus{
		{Name: "stalwart", ContainerID: "c://1", RestartCount: 2, Ready: true}, {Name: "sidecar", ContainerID: "c://side", RestartCount: 9}}}
	if change != nil {
		change(p)
	}
	return p
}

func digest(all ...*corev1.Pod) string { return watcher.Digest(watcher.Incarnations(all, "stalwart")) }

// TestEveryNewLifeIsAnother: each way in which Stalwart may have started anew
// changes the digest, and nothing else does.
func TestEveryNewLifeIsAnother(t *testing.T) {
	own := func(f func(s *corev1.ContainerStatus)) func(*corev1.Pod) {
		return func(p *corev1.Pod) { f(&p.Status.ContainerStatuses[0]) }
	}
	rows := []struct {
		name   string
		change func(p *corev1.Pod)
		news   bool
	}{
		{"nothing", nil, false},
		{"another pod of the same name", func(p *corev1.Pod) { p.UID = "uid-2" }, true},
		{"another container", own(func(s *corev1.ContainerStatus) { s.ContainerID = "c://2" }), true},
		{"a restart", own(func(s *corev1.ContainerStatus) { s.RestartCount = 3 }), true},
		{"readiness lost", own(func(s *corev1.ContainerStatus) { s.Ready = false }), true},
		{"another address", func(p *corev1.Pod) { p.Status.PodIP = "10.0.0.2" }, true},
		{"gone", func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }, true},
		{"being deleted", func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)} }, true},
		{"a label", func(p *corev1.Pod) { p.Labels = map[string]string{"x": "y"}; p.ResourceVersion = "8" }, false},
		{"a restart of the sidecar", func(p *corev1.Pod) { p.Status.ContainerStatuses[1].RestartCount++ }, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := digest(pod("p", nil)) != digest(pod("p", row.change)); got != row.news {
				t.Errorf("another life: %t", got)
			}
		})
	}
}

// TestIncarnations: sorted by Pod, whatever the order of the cache, without
// those that have ended.
func TestIncarnations(t *testing.T) {
	ended := pod("z", func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded })
	starting := pod("a", func(p *corev1.Pod) { p.Status = corev1.PodStatus{Phase: corev1.PodPending} })
	got := watcher.Incarnations([]*corev1.Pod{ended, pod("b", nil), starting}, "stalwart")
	want := []watcher.Incarnation{{Pod: "a", UID: "uid-1", Port: 8080}, {Pod: "b", UID: "uid-1", ID: "c://1", Restarts: 2, Ready: true, IP: "10.0.0.1", Port: 8080}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if len(watcher.Incarnations(nil, "stalwart")) != 0 {
		t.Error("lives without pods")
	}
}

// TestAddress: the container's own port, or the common one; IPv6 in brackets.
func TestAddress(t *testing.T) {
	rows := []struct {
		i    watcher.Incarnation
		want string
	}{
		{watcher.Incarnation{IP: "10.0.0.1", Port: 8081}, "10.0.0.1:8081"},
		{watcher.Incarnation{IP: "10.0.0.1"}, "10.0.0.1:8080"},
		{watcher.Incarnation{IP: "fd00::1"}, "[fd00::1]:8080"},
	}
	for _, row := range rows {
		if got := row.i.Address("8080"); got != row.want {
			t.Errorf("%s, want %s", got, row.want)
		}
	}
}

// TestTrimPod: the trimmed Pod tells the same lives, and keeps neither
// environment nor labels; whatever is no Pod passes.
func TestTrimPod(t *testing.T) {
	for _, change := range []func(*corev1.Pod){nil, func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)} }, func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }} {
		full := pod("p", change)
		got, err := watcher.TrimPod(full)
		must(t, err)
		slim := got.(*corev1.Pod)
		if digest(slim) != digest(full) {
			t.Errorf("%s, want %s", digest(slim), digest(full))
		}
		if slim.ResourceVersion != full.ResourceVersion || slim.Namespace != full.Namespace {
			t.Error("it cannot be compared with a live read")
		}
		if slim.Labels != nil || slim.ManagedFields != nil || slim.Spec.Containers[0].Env != nil || slim.Spec.Containers[0].Image != "" {
			t.Error("it keeps what nobody reads")
		}
	}
	if got, err := watcher.TrimPod("a tombstone"); got != "a tombstone" || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}
