package nodetest_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/openova-io/smtp-mirror/internal/nodetest"
)

// sandbox is a Pod's place whose containers end as they are told.
type sandbox struct {
	mu     sync.Mutex
	begun  []string
	fails  int // how often the init container does
	closed chan struct{}
}

func (s *sandbox) IP() string   { return "192.0.2.7" }
func (s *sandbox) Close() error { close(s.closed); return nil }

func (s *sandbox) Run(_ context.Context, _ *corev1.Pod, c corev1.Container) (nodetest.Process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = append(s.begun, c.Name)
	if c.RestartPolicy != nil { // a native sidecar
		one := newServer()
		close(one.ready)
		return one, nil
	}
	one := &ended{server: newServer()}
	one.end()
	if c.Name == "prepare" && s.fails > 0 {
		s.fails--
		one.err = errors.New("exit status 1")
	}
	return one, nil
}

// ended is a process that is over.
type ended struct {
	*server
	err error
}

func (e *ended) Err() error { return e.err }

// TestASandbox: init containers are run, then the others; what is never to be restarted ends
// the Pod, which has an address of its own.
func TestASandbox(t *testing.T) {
	s := &sandbox{closed: make(chan struct{})}
	client := clusterOf(t, nodetest.Options{Sandbox: func(context.Context, *corev1.Pod) (nodetest.Sandbox, error) { return s, nil }})
	one := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "job", Namespace: namespace}, Spec: template(nil).Spec}
	one.Spec.RestartPolicy, one.Spec.TerminationGracePeriodSeconds = corev1.RestartPolicyNever, new(int64(1))
	createPod(t, client, one)
	eventually(t, "its end", func() bool { return pod(t, client, "job").Status.Phase == corev1.PodSucceeded })
	got := pod(t, client, "job").Status
	if got.PodIP != "192.0.2.7" || !got.InitContainerStatuses[0].Ready || got.InitContainerStatuses[0].State.Terminated == nil {
		t.Errorf("%+v", got)
	}
	if begun := strings.Join(s.begun, " "); begun != "prepare main" {
		t.Errorf("begun: %s", begun)
	}
	if err := client.CoreV1().Pods(namespace).Delete(t.Context(), "job", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	<-s.closed
}

// TestAnInitContainerThatFails ends a Pod that is never restarted; others try again.
func TestAnInitContainerThatFails(t *testing.T) {
	for policy, want := range map[corev1.RestartPolicy]corev1.PodPhase{corev1.RestartPolicyNever: corev1.PodFailed, corev1.RestartPolicyAlways: corev1.PodRunning} {
		t.Run(string(policy), func(t *testing.T) {
			s := &sandbox{fails: 1, closed: make(chan struct{})}
			client := clusterOf(t, nodetest.Options{Sandbox: func(context.Context, *corev1.Pod) (nodetest.Sandbox, error) { return s, nil }})
			one := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "job", Namespace: namespace}, Spec: template(nil).Spec}
			one.Spec.RestartPolicy = policy
			createPod(t, client, one)
			eventually(t, string(want), func() bool { return pod(t, client, "job").Status.Phase == want })
			if again := pod(t, client, "job").Status.InitContainerStatuses[0].RestartCount == 1; again != (policy == corev1.RestartPolicyAlways) {
				t.Errorf("tried again: %v", again)
			}
		})
	}
}

// TestANativeSidecar runs beside what comes after it, and is seen where Kubernetes shows it.
func TestANativeSidecar(t *testing.T) {
	s := &sandbox{closed: make(chan struct{})}
	client := clusterOf(t, nodetest.Options{Sandbox: func(context.Context, *corev1.Pod) (nodetest.Sandbox, error) { return s, nil }})
	one := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "mail", Namespace: namespace}, Spec: template(nil).Spec}
	always := corev1.ContainerRestartPolicyAlways
	one.Spec.InitContainers = append([]corev1.Container{{Name: "beside", Image: "beside:1", RestartPolicy: &always}}, one.Spec.InitContainers...)
	createPod(t, client, one)
	eventually(t, "the main container", func() bool {
		p := pod(t, client, "mail")
		return p.Status.Phase == corev1.PodRunning && len(p.Status.InitContainerStatuses) == 2 && p.Status.InitContainerStatuses[0].Ready && p.Status.InitContainerStatuses[0].State.Running != nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if begun := strings.Join(s.begun[:3], " "); begun != "beside prepare main" {
		t.Errorf("begun: %s", begun)
	}
}

// createPod creates a Pod, as soon as its namespace has a ServiceAccount for it.
func createPod(t *testing.T, client kubernetes.Interface, one *corev1.Pod) {
	t.Helper()
	eventually(t, "a ServiceAccount for it", func() bool {
		_, err := client.CoreV1().Pods(namespace).Create(t.Context(), one, metav1.CreateOptions{})
		return err == nil
	})
}
