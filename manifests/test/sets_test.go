package charts_test

import (
	"path/filepath"
	"testing"

	charts "github.com/openova-io/smtp-mirror/manifests/test"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// everySet is everything that is rendered anywhere, by where it comes from.
func everySet(t *testing.T) map[string][]*unstructured.Unstructured {
	t.Helper()
	all := map[string][]*unstructured.Unstructured{
		"kustomize": kustomized(t),
		"consumer":  objects(t, consumer(t, five("h", "587", "f@x", "u", leaked), nil, "")),
		"parent":    objects(t, parent(t, "global: {sovereignFQDN: example.org}")),
		"computed":  objects(t, parent(t, "global: {sovereignFQDN: example.org}\nsmtp-mirror: {enabled: false}")),
		"sidecar":   objects(t, parent(t, sidecar)),
		"smoke":     objects(t, sovereign(t, "")),
		"sovereign": objects(t, sovereign(t, overlay, secret("stalwart-sovereign", "stalwart-sovereign-submission", map[string]string{"smtp-pass": leaked})...)),
	}
	cases, err := filepath.Glob(filepath.Join("testdata", "golden", "*.values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range cases {
		all[filepath.Base(path)] = objects(t, render(t, read(t, path)))
	}
	cases, err = filepath.Glob(filepath.Join("testdata", "golden", "sovereign", "*.values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range cases {
		all["sovereign "+filepath.Base(path)] = objects(t, sovereign(t, read(t, path)))
	}
	return all
}

// leaked is a password that must stay in Secrets.
const leaked = "Pa55word-that-must-not-be-seen"

const parentChart = "testdata/parent"

// sidecar is the controller in the parent's own Pod.
const sidecar = `
global: {sovereignFQDN: example.org, imageRegistry: hub.example.org}
sidecar: true
smtp-mirror: {enabled: false, deployment: {enabled: false}, serviceAccount: {create: false, name: stalwart}}`

func parent(t *testing.T, text string) *charts.Rendered {
	t.Helper()
	r, err := charts.Render(parentChart, charts.Release{Name: "smtp-mirror", Namespace: "mail", Values: values(t, text)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// kustomized is what kustomize makes of manifests/kustomize.
func kustomized(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "../kustomize")
	if err != nil {
		t.Fatal(err)
	}
	var all []*unstructured.Unstructured
	for _, r := range resources.Resources() {
		text, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(text, &o.Object); err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
	return all
}
