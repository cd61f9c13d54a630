package charts

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// where says in which file an object of the controller goes. The ConfigMap is made by
// kustomize from the configuration's file.
func where(kind string) string {
	switch kind {
	case "Role", "RoleBinding":
		return "rbac.yaml"
	case "ConfigMap":
		return ""
	case "NetworkPolicy":
		return "networkpolicy.yaml"
	default:
		return "controller.yaml"
	}
}

const kustomization = `# The controller without Helm: put your configuration into config.yaml, and its rights into rbac.yaml:
#   smtp-mirror rbac --config config.yaml --service-account stalwart-sovereign/smtp-mirror > rbac.yaml
# networkpolicy.yaml lets out what the configuration in manifests/example.yaml needs. With another stalwart.namespace or
# http.address, with the webhook, or with a way into the DNS, change it too, or leave it out.
# Generated from the chart by ` + "`make manifests`" + `, for that configuration.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- controller.yaml
- networkpolicy.yaml
- rbac.yaml
configMapGenerator:
- name: smtp-mirror
  namespace: stalwart-sovereign
  files: [config.yaml]
  options:
    disableNameSuffixHash: true # the program watches its file, so a change is no reason to restart it
    labels:
      app.kubernetes.io/instance: smtp-mirror
      app.kubernetes.io/name: smtp-mirror
`

// Kustomize are the files of manifests/kustomize: the chart's objects for the smallest
// configuration, without what only Helm needs.
func Kustomize(root string) (map[string][]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, "manifests", "example.yaml")) //nolint:gosec // the path is a flag
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	var config map[string]any
	if err := yaml.Unmarshal(text, &config); err != nil {
		return nil, fmt.Errorf("parsing the configuration: %w", err)
	}
	release := Release{Name: "smtp-mirror", Namespace: "stalwart-sovereign", Values: map[string]any{"config": config}}
	rendered, err := Render(filepath.Join(root, controller), release)
	if err != nil {
		return nil, err
	}
	objects, err := rendered.Objects()
	if err != nil {
		return nil, err
	}
	streams, err := sorted(objects)
	if err != nil {
		return nil, err
	}
	const dir = "manifests/kustomize/"
	files := map[string][]byte{dir + "kustomization.yaml": []byte(kustomization), dir + "config.yaml": text}
	for name, documents := range streams {
		files[dir+name] = []byte(strings.Join(documents, "---\n"))
	}
	return files, nil
}

// sorted puts objects into their files.
func sorted(objects []*unstructured.Unstructured) (map[string][]string, error) {
	streams := map[string][]string{}
	for _, o := range objects {
		name := where(o.GetKind())
		if name == "" {
			continue
		}
		withoutHelm(o)
		text, err := yaml.Marshal(o.Object)
		if err != nil {
			return nil, fmt.Errorf("printing %s: %w", o.GetName(), err)
		}
		streams[name] = append(streams[name], string(text))
	}
	return streams, nil
}

func withoutHelm(o *unstructured.Unstructured) {
	labels := o.GetLabels()
	for _, name := range slices.Collect(maps.Keys(labels)) {
		if name == "helm.sh/chart" || name == "app.kubernetes.io/managed-by" {
			delete(labels, name)
		}
	}
	o.SetLabels(labels)
}
