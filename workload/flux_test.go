package workload

import (
	"maps"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic/fake"
)

// done is a HelmRelease that has done what it was asked for.
func done() map[string]any {
	return map[string]any{"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": HelmRelease,
		"metadata": map[string]any{"namespace": "ns", "name": "x", "generation": int64(2), "annotations": map[string]any{"a": "1", RequestedAt: "a=1"}},
		"spec":     map[string]any{"suspend": false},
		"status": map[string]any{"observedGeneration": int64(2), "lastHandledReconcileAt": "a=1", "conditions": []any{
			map[string]any{"type": "Released", "status": "False"},
			map[string]any{"type": "Ready", "status": "True", "reason": "UpgradeSucceeded", "message": "the values were canary", "observedGeneration": int64(2)}}}}
}

// set changes a field of an object.
func set(t *testing.T, o map[string]any, value any, path ...string) {
	t.Helper()
	if err := unstructured.SetNestedField(o, value, path...); err != nil {
		t.Fatal(err)
	}
}

func ready(status, reason string) []any {
	return []any{map[string]any{"type": "Ready", "status": status, "reason": reason, "message": "the values were canary"}}
}

// TestFluxIsComplete when Flux has handled the newest request and is ready, and says
// why not in Flux's constants.
func TestFluxIsComplete(t *testing.T) {
	rows := []struct {
		name   string
		change func(o map[string]any)
		why    string
	}{
		{"done", func(map[string]any) {}, ""},
		{"not handled", func(o map[string]any) { set(t, o, "a=0", "status", "lastHandledReconcileAt") }, "has not been handled"},
		{"never handled", func(o map[string]any) { delete(o["status"].(map[string]any), "lastHandledReconcileAt") }, "has not been handled"},
		{"asked again by somebody", func(o map[string]any) { set(t, o, "later", "metadata", "annotations", RequestedAt) }, "has not been handled"},
		{"that was handled too", func(o map[string]any) {
			set(t, o, "later", "metadata", "annotations", RequestedAt)
			set(t, o, "later", "status", "lastHandledReconcileAt")
		}, ""},
		{"failed", func(o map[string]any) { set(t, o, ready("False", "UpgradeFailed"), "status", "conditions") }, "Ready is False: UpgradeFailed"},
		{"under way", func(o map[string]any) { set(t, o, ready("Unknown", "Progressing"), "status", "conditions") }, "Ready is Unknown: Progressing"},
		{"a new spec", func(o map[string]any) { set(t, o, int64(3), "metadata", "generation") }, "newest generation"},
		{"ready for an old spec", func(o map[string]any) {
			set(t, o, int64(3), "metadata", "generation")
			set(t, o, int64(3), "status", "observedGeneration")
		}, "newest generation"},
		{"suspended", func(o map[string]any) {
			set(t, o, true, "spec", "suspend")
			set(t, o, "a=0", "status", "lastHandledReconcileAt")
		}, "suspended"},
		{"suspended afterwards", func(o map[string]any) { set(t, o, true, "spec", "suspend") }, ""},
		{"no status at all", func(o map[string]any) { delete(o, "status") }, "no Ready condition"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			o := done()
			row.change(o)
			got, err := put(o).Read(t.Context())
			if err != nil || got.Complete != (row.why == "") || !strings.Contains(got.Why, row.why) || strings.Contains(got.Why, "canary") {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func put(o map[string]any) Flux {
	return Flux{Client: fake.NewSimpleDynamicClient(runtime.NewScheme(), &unstructured.Unstructured{Object: o}), Kind: HelmRelease, Namespace: "ns", Name: "x"}
}

// TestARemovedRequestWasNeverMade, unless it was handled before.
func TestARemovedRequestWasNeverMade(t *testing.T) {
	o := done()
	delete(o["metadata"].(map[string]any)["annotations"].(map[string]any), RequestedAt)
	if got, err := put(o).Read(t.Context()); err != nil || !got.Complete || got.Annotations["a"] != "1" {
		t.Errorf("it was handled before: %+v, %v", got, err)
	}
	set(t, o, "a=0", "status", "lastHandledReconcileAt")
	if got, err := put(o).Read(t.Context()); err != nil || len(got.Annotations) > 0 {
		t.Errorf("it was not: %+v, %v", got, err)
	}
}

// TestAnObjectOfAnotherShape is an error without its content.
func TestAnObjectOfAnotherShape(t *testing.T) {
	o := done()
	set(t, o, "canary", "status", "conditions")
	if _, err := put(o).Read(t.Context()); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("%v", err)
	}
}

// TestAskingTwiceIsAskingOnce: the same annotation makes the same request, and what
// others have annotated stays.
func TestAskingTwiceIsAskingOnce(t *testing.T) {
	o := done()
	set(t, o, "theirs", "metadata", "annotations", "b")
	f := put(o)
	for range 2 {
		if err := f.Annotate(t.Context(), "a", "2"); err != nil {
			t.Fatal(err)
		}
		got, err := f.resource().Get(t.Context(), "x", metav1.GetOptions{})
		if want := map[string]string{"a": "2", "b": "theirs", RequestedAt: "a=2", ForceAt: "a=2"}; err != nil || !maps.Equal(got.GetAnnotations(), want) {
			t.Errorf("%v, %v", got.GetAnnotations(), err)
		}
	}
}
