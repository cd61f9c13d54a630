package charts_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	charts "github.com/openova-io/smtp-mirror/manifests/test"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// The charts.
const (
	mirrorChart   = "../charts/smtp-mirror"
	consumerChart = "../charts/example-consumer"
)

// values reads values in YAML.
func values(t *testing.T, text string) map[string]any {
	t.Helper()
	v := map[string]any{}
	if err := yaml.UnmarshalStrict([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// render renders the controller's chart.
func render(t *testing.T, text string) *charts.Rendered {
	t.Helper()
	r, err := charts.Render(mirrorChart, charts.Release{Name: "smtp-mirror", Namespace: "mail", Values: values(t, text)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func objects(t *testing.T, r *charts.Rendered) []*unstructured.Unstructured {
	t.Helper()
	all, err := r.Objects()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// one finds an object by its kind.
func one(t *testing.T, r *charts.Rendered, kind string) *unstructured.Unstructured {
	t.Helper()
	var found []*unstructured.Unstructured
	for _, o := range objects(t, r) {
		if o.GetKind() == kind {
			found = append(found, o)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d objects of kind %s", len(found), kind)
	}
	return found[0]
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
