package nodetest_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"go.uber.org/goleak"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/openova-io/smtp-mirror/internal/nodetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const namespace = "apps"

// server is a Process whose readiness and end the test decides.
type server struct {
	ready chan struct{} // closed: ready
	done  chan struct{}
	end   func()
}

func newServer() *server {
	done := make(chan struct{})
	return &server{ready: make(chan struct{}), done: done, end: sync.OnceFunc(func() { close(done) })}
}

func (s *server) Ready(context.Context) error {
	select {
	case <-s.ready:
		return nil
	default:
		return errors.New("not ready yet")
	}
}

func (s *server) Stop() error           { s.end(); return nil }
func (s *server) Done() <-chan struct{} { return s.done }

// servers hands every server that the node starts to the test.
type servers chan *server

func (s servers) run(ctx context.Context, _ *corev1.Pod, _ corev1.Container) (nodetest.Process, error) {
	one := newServer()
	select {
	case s <- one:
		return one, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s servers) next(t *testing.T) *server {
	t.Helper()
	select {
	case one := <-s:
		return one
	case <-t.Context().Done():
		t.Fatal("the node started nothing")
		return nil
	}
}

func createSet(t *testing.T, client kubernetes.Interface, replicas int32) {
	t.Helper()
	labels := map[string]string{"app": "mail"}
	set := &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: "mail", Namespace: namespace},
		Spec: appsv1.StatefulSetSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: template(labels),
		},
	}
	if _, err := client.AppsV1().StatefulSets(namespace).Create(t.Context(), set, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func template(labels map[string]string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels},
		Spec: corev1.PodSpec{
			InitContainers: []corev1.Container{{Name: "prepare", Image: "prepare:1"}},
			Containers:     []corev1.Container{{Name: "main", Image: "mail:1"}},
		},
	}
}

func TestStatefulSetRollsOut(t *testing.T) {
	client := cluster(t, nil)
	createSet(t, client, 2)
	set := func() *appsv1.StatefulSet {
		s, err := client.AppsV1().StatefulSets(namespace).Get(t.Context(), "mail", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	eventually(t, "two ready replicas", func() bool { return set().Status.ReadyReplicas == 2 })
	before := pod(t, client, "mail-0")

	patch := []byte(`{"spec":{"template":{"metadata":{"annotations":{"restarted-at":"now"}}}}}`)
	_, err := client.AppsV1().StatefulSets(namespace).
		Patch(t.Context(), "mail", types.StrategicMergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the rollout", func() bool {
		s := set()
		return s.Status.ObservedGeneration == s.Generation && s.Status.UpdatedReplicas == 2 && s.Status.ReadyReplicas == 2
	})
	after := pod(t, client, "mail-0")
	if after.UID == before.UID {
		t.Error("the Pod was not replaced")
	}
	if after.Status.Phase != corev1.PodRunning || after.Status.PodIP != "127.0.0.1" {
		t.Errorf("phase %s, IP %s", after.Status.Phase, after.Status.PodIP)
	}
}

func TestDeploymentAndNamespace(t *testing.T) {
	client := cluster(t, nil)
	labels, one := map[string]string{"app": "web"}, int32(1)
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: namespace},
		Spec: appsv1.DeploymentSpec{
			Replicas: &one, Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: template(labels),
		},
	}
	deployment.Spec.Template.Spec.TerminationGracePeriodSeconds = new(int64(1))
	_, err := client.AppsV1().Deployments(namespace).Create(t.Context(), deployment, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "an available replica", func() bool {
		d, err := client.AppsV1().Deployments(namespace).Get(t.Context(), "web", metav1.GetOptions{})
		return err == nil && d.Status.AvailableReplicas == 1
	})
	if err := client.CoreV1().Namespaces().Delete(t.Context(), namespace, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the namespace", func() bool {
		_, err := client.CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
}

func TestProcessMakesThePodReady(t *testing.T) {
	started := make(servers)
	client := cluster(t, started.run)
	createSet(t, client, 1)
	one := started.next(t)
	eventually(t, "running", func() bool { return main(t, client).State.Running != nil })
	if s := main(t, client); s.Ready || *s.Started {
		t.Errorf("ready %v, started %v before the process is ready", s.Ready, *s.Started)
	}
	close(one.ready)
	eventually(t, "ready", func() bool { return main(t, client).Ready })

	one.end()
	eventually(t, "not ready after its end", func() bool { return !main(t, client).Ready })
	close(started.next(t).ready)
	eventually(t, "ready again", func() bool { s := main(t, client); return s.Ready && s.RestartCount == 1 })
}

func TestStartIsTriedAgain(t *testing.T) {
	calls := make(chan struct{}, 100)
	client := cluster(t, func(context.Context, *corev1.Pod, corev1.Container) (nodetest.Process, error) {
		calls <- struct{}{}
		if len(calls) < 3 {
			return nil, errors.New("no such image")
		}
		return nil, nil
	})
	createSet(t, client, 1)
	eventually(t, "ready at the third attempt", func() bool { return main(t, client).Ready })
}

func TestDeletionStopsTheProcess(t *testing.T) {
	started := make(servers)
	client := cluster(t, started.run)
	createSet(t, client, 1)
	one := started.next(t)
	before := pod(t, client, "mail-0")
	if err := client.CoreV1().Pods(namespace).Delete(t.Context(), "mail-0", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	<-one.done
	close(started.next(t).ready)
	eventually(t, "a new Pod", func() bool {
		p := pod(t, client, "mail-0")
		return p.UID != before.UID && p.Status.ContainerStatuses[0].Ready
	})
}
