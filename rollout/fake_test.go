package rollout

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/workload"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a namespace with one consumer, a mirror, and a Secret rendered from it.
type world struct {
	t        *testing.T
	kube     *fake.Clientset
	flux     *dynamicfake.FakeDynamicClient
	ledger   *submission.Ledger
	board    *Board
	mu       sync.Mutex
	mirror   map[string][]byte
	rendered map[string][]byte
	moved    int
	*Consumer
}

// newWorld has a Deployment with the Pods of its template, or a Flux kind that is done.
func newWorld(t *testing.T, kind string) *world {
	t.Helper()
	list := map[schema.GroupVersionResource]string{}
	for _, k := range []string{workload.HelmRelease, workload.Kustomization} {
		list[workload.ResourceOf(k)] = k + "List"
	}
	w := &world{t: t, kube: fake.NewClientset(), flux: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), list), ledger: &submission.Ledger{}, board: &Board{}}
	w.Consumer = w.consumer(kind)
	if workload.IsFlux(kind) {
		w.putFlux(kind, map[string]any{"observedGeneration": int64(1), "conditions": []any{map[string]any{"type": "Ready", "status": "True", "reason": "Succeeded"}}})
		return w
	}
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "x"}}
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "x"}}
	d.Status = appsv1.DeploymentStatus{Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1}
	w.must(w.kube.Tracker().Add(d))
	w.pod("x-1", "")
	return w
}

// consumer is the reconciler of the world's object, as a restart makes it anew.
func (w *world) consumer(kind string) *Consumer {
	c := &Consumer{Submission: "console", Ledger: w.ledger, Board: w.board, Deadline: time.Minute, Moved: func() { w.moved++ },
		Read: func() (*corev1.Secret, error) { return w.secret(&w.mirror), nil }}
	if workload.IsFlux(kind) {
		c.Workload = workload.Flux{Client: w.flux, Kind: kind, Namespace: "ns", Name: "x"}
	} else {
		c.Workload, c.Pods = workload.Workload{Apps: w.kube.AppsV1(), Kind: kind, Namespace: "ns", Name: "x"}, w.kube.CoreV1().Pods("ns")
	}
	return c
}

func (w *world) secret(data *map[string][]byte) *corev1.Secret {
	w.mu.Lock()
	defer w.mu.Unlock()
	if *data == nil {
		return nil
	}
	return &corev1.Secret{Data: maps.Clone(*data)}
}

// via makes the consumer read a Secret with unusual keys.
func (w *world) via() {
	w.Via = &Via{Read: func() (*corev1.Secret, error) { return w.secret(&w.rendered), nil }, User: "LOGIN", Pass: "SECRET"}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// prove makes a generation the current one, and mirrors it.
func (w *world) prove(generation int64, password string) {
	w.ledger.Record("console", submission.Proof{Credentials: submission.Credentials{User: "u", Password: redact.New(password)}, Login: redact.New(password), Generation: generation, At: time.Now()})
	w.mirror = map[string][]byte{"smtp-user": []byte("u"), "smtp-pass": []byte(password)}
}

func (w *world) pod(name, generation string) {
	w.must(w.kube.Tracker().Add(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, Labels: map[string]string{"app": "x"}, Annotations: map[string]string{AnnotationOf("console"): generation}}}))
}

func (w *world) putFlux(kind string, status map[string]any) {
	w.must(w.flux.Tracker().Add(&unstructured.Unstructured{Object: map[string]any{"apiVersion": workload.ResourceOf(kind).GroupVersion().String(), "kind": kind,
		"metadata": map[string]any{"namespace": "ns", "name": "x", "generation": int64(1)}, "status": status}}))
}

// handle is Flux: it does what it was asked for.
func (w *world) handle(kind, ready, reason string) {
	r := w.flux.Resource(workload.ResourceOf(kind)).Namespace("ns")
	u, err := r.Get(w.t.Context(), "x", metav1.GetOptions{})
	w.must(err)
	u.Object["status"] = map[string]any{"observedGeneration": int64(1), "lastHandledReconcileAt": u.GetAnnotations()[workload.RequestedAt],
		"conditions": []any{map[string]any{"type": "Ready", "status": ready, "reason": reason, "message": "values: " + canary}}}
	_, err = r.Update(w.t.Context(), u, metav1.UpdateOptions{})
	w.must(err)
}

const canary = "canary-of-the-rollout-tests"

// patches are the writes that the API has seen.
func (w *world) patches() (all []string) {
	for _, a := range append(w.kube.Actions(), w.flux.Actions()...) {
		if p, ok := a.(clienttesting.PatchAction); ok {
			all = append(all, string(p.GetPatch()))
		}
	}
	return all
}

// run reconciles once and gives the reason, "" where nothing is in the way.
func (w *world) run(c *Consumer) (watcher.Result, string) {
	w.t.Helper()
	result, err := c.Reconcile(context.Background())
	var hold *watcher.HoldError
	if errors.As(err, &hold) {
		return result, hold.Why
	}
	w.must(err)
	return result, result.Reason
}
