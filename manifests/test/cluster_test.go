package charts_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/internal/controlplane"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/yaml"
)

// server is a real API server that is asked what it thinks of objects.
type server struct {
	*controlplane.ControlPlane
	objects dynamic.Interface
	typed   kubernetes.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper
}

// real is the one server of all tests; nil where there are no binaries.
var real *server //nolint:gochecknoglobals // it takes seconds to start

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // Helm tells of every link
	os.Exit(withServer(m))
}

func withServer(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := controlplane.Available(); err == nil {
		s, err := start(ctx)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = s.Close() }()
		real = s
	}
	return m.Run()
}

func start(ctx context.Context) (*server, error) {
	plane, err := controlplane.Start(ctx, controlplane.Options{})
	if err != nil {
		return nil, err
	}
	s := &server{ControlPlane: plane, objects: dynamic.NewForConfigOrDie(plane.Admin()), typed: kubernetes.NewForConfigOrDie(plane.Admin())}
	s.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(discovery.NewDiscoveryClientForConfigOrDie(plane.Admin())))
	found, err := filepath.Glob(filepath.Join("testdata", "crds", "*.yaml"))
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		crd := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict(text, &crd.Object); err != nil {
			return nil, err
		}
		if err := s.apply(ctx, crd); err != nil {
			return nil, err
		}
	}
	return s, err
}

// needServer skips where there are no binaries.
func needServer(t *testing.T) *server {
	t.Helper()
	if real == nil {
		_, err := controlplane.Available()
		t.Skip(err)
	}
	return real
}

// apply applies an object, with the strictness of kubectl --validate=strict.
func (s *server) apply(ctx context.Context, o *unstructured.Unstructured, dryRun ...string) error {
	kind := o.GroupVersionKind()
	mapping, err := s.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return err
	}
	text, err := json.Marshal(o.Object)
	if err != nil {
		return err
	}
	force := true
	options := metav1.PatchOptions{FieldManager: "test", FieldValidation: metav1.FieldValidationStrict, DryRun: dryRun, Force: &force}
	resource := s.objects.Resource(mapping.Resource)
	if o.GetNamespace() == "" {
		_, err = resource.Patch(ctx, o.GetName(), types.ApplyPatchType, text, options)
	} else {
		_, err = resource.Namespace(o.GetNamespace()).Patch(ctx, o.GetName(), types.ApplyPatchType, text, options)
	}
	return err
}

// namespace makes one, once.
func (s *server) namespace(t *testing.T, name string, labels map[string]string) {
	t.Helper()
	n := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name}}}
	n.SetLabels(labels)
	if err := s.apply(t.Context(), n); err != nil {
		t.Fatal(err)
	}
}

// accepts asks the server for each object, without writing it. CRDs take a moment to
// be served.
func (s *server) accepts(t *testing.T, all []*unstructured.Unstructured) {
	t.Helper()
	for _, o := range all {
		s.namespace(t, o.GetNamespace(), nil)
		err := s.apply(t.Context(), o, metav1.DryRunAll)
		for range 50 {
			if err == nil || !strings.Contains(err.Error(), "no matches for kind") {
				break
			}
			time.Sleep(100 * time.Millisecond)
			s.mapper.Reset()
			err = s.apply(t.Context(), o, metav1.DryRunAll)
		}
		if err != nil {
			t.Errorf("%s %s/%s: %v", o.GetKind(), o.GetNamespace(), o.GetName(), err)
		}
	}
}

// TestARealAPIServerAcceptsEverything, in a dry run that knows every field.
func TestARealAPIServerAcceptsEverything(t *testing.T) {
	s := needServer(t)
	for name, all := range everySet(t) {
		t.Run(name, func(t *testing.T) { s.accepts(t, all) })
	}
}

// TestAWrongFieldIsNotAccepted: else the test above would prove nothing.
func TestAWrongFieldIsNotAccepted(t *testing.T) {
	s := needServer(t)
	d := one(t, render(t, "config: {domain: example.org}"), "Deployment")
	if err := unstructured.SetNestedField(d.Object, true, "spec", "template", "spec", "priority_class"); err != nil {
		t.Fatal(err)
	}
	s.namespace(t, "mail", nil)
	if err := s.apply(t.Context(), d, metav1.DryRunAll); err == nil || !strings.Contains(err.Error(), "priority_class") {
		t.Errorf("%v", err)
	}
}

// TestPodSecurityRestrictedHolds: the Pods of our templates are let into a namespace
// that enforces it.
func TestPodSecurityRestrictedHolds(t *testing.T) {
	s := needServer(t)
	const namespace = "restricted"
	s.namespace(t, namespace, map[string]string{"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "latest"})
	create := func(spec corev1.PodSpec) error {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: namespace}, Spec: spec}
		_, err := s.typed.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}
	for name, all := range everySet(t) {
		for _, o := range all {
			if spec, ok := podOf(t, o); ok && (o.GetKind() != "StatefulSet" || o.GetName() == "stalwart-sovereign") { // the parent's own Pod is a test's
				spec.PriorityClassName = "" // there are no classes of our own
				if o.GetKind() == "StatefulSet" {
					spec.Volumes = append(spec.Volumes, corev1.Volume{Name: "data"}) // its claim
				}
				if err := create(spec); err != nil {
					t.Errorf("%s, %s: %v", name, o.GetName(), err)
				}
			}
		}
	}
	if err := create(corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}); err == nil || !strings.Contains(err.Error(), "restricted") {
		t.Errorf("nothing is enforced: %v", err)
	}
}

// podOf is the Pod template of a workload, or a Pod.
func podOf(t *testing.T, o *unstructured.Unstructured) (corev1.PodSpec, bool) {
	t.Helper()
	var spec corev1.PodSpec
	path := []string{"spec", "template", "spec"}
	if o.GetKind() == "Pod" {
		path = path[:1]
	}
	fields, ok, err := unstructured.NestedMap(o.Object, path...)
	if err == nil && ok {
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &spec)
	}
	if err != nil {
		t.Fatal(err)
	}
	return spec, ok
}
