package charts_test

import (
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/config"
	charts "github.com/openova-io/smtp-mirror/manifests/test"
	"github.com/openova-io/smtp-mirror/rbac"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestAParentsGlobalValuesCount: the domain and the registry are the parent's, and
// without a domain nothing is rendered, and nothing fails.
func TestAParentsGlobalValuesCount(t *testing.T) {
	if text := strings.TrimSpace(parent(t, "{}").Text()); text != "" {
		t.Errorf("without a domain there is\n%s", text)
	}
	r := parent(t, "global: {sovereignFQDN: example.org, imageRegistry: hub.example.org/}")
	spec, _ := podOf(t, one(t, r, "Deployment"))
	if got := spec.Containers[0].Image; got != "hub.example.org/openova-io/smtp-mirror:0.1.0" {
		t.Errorf("the image is %s", got)
	}
	c, err := config.Parse([]byte(configOf(t, r)))
	if err != nil || c.Domain != "example.org" || c.Stalwart.Namespace != "mail" {
		t.Errorf("%+v, %v", c, err)
	}
}

// configOf is the configuration that the program gets.
func configOf(t *testing.T, r *charts.Rendered) string {
	t.Helper()
	text, _, err := unstructured.NestedString(one(t, r, "ConfigMap").Object, "data", "config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestAParentComputesTheConfiguration: what it says lies over the values, an empty list
// too, and the rights follow.
func TestAParentComputesTheConfiguration(t *testing.T) {
	for text, namespace := range map[string]string{"mirrorEnabled: true": "platform", "mirrorEnabled: false": ""} {
		r := parent(t, "global: {sovereignFQDN: example.org}\nsmtp-mirror: {enabled: false}\n"+text)
		c, err := config.Parse([]byte(configOf(t, r)))
		if err != nil {
			t.Fatal(err)
		}
		if got := len(c.Submissions[0].Mirrors); got > 0 != (namespace != "") {
			t.Errorf("%s: %d mirrors", text, got)
		}
		var got []string
		for _, o := range objects(t, r) {
			if o.GetKind() == "Role" {
				got = append(got, o.GetNamespace())
			}
		}
		if want := len(rbac.Objects(c, "mail", "x")) / 2; len(got) != want || strings.Contains(strings.Join(got, " "), "platform") != (namespace != "") {
			t.Errorf("%s: Roles in %q", text, got)
		}
	}
}

// TestTheSidecarIsANativeOne: it starts before the others, runs beside them, nothing
// waits for it, and it brings what it needs in a Pod with other rules.
func TestTheSidecarIsANativeOne(t *testing.T) {
	r := parent(t, sidecar)
	spec, _ := podOf(t, one(t, r, "StatefulSet"))
	c := spec.InitContainers[0]
	if c.RestartPolicy == nil || *c.RestartPolicy != corev1.ContainerRestartPolicyAlways || c.StartupProbe != nil {
		t.Errorf("%+v", c)
	}
	if c.Ports[0].Name == spec.Containers[0].Ports[0].Name || c.LivenessProbe.HTTPGet.Port.StrVal != c.Ports[0].Name || c.ReadinessProbe.HTTPGet.Port.StrVal != c.Ports[0].Name {
		t.Errorf("the ports: %+v", c.Ports)
	}
	if s := c.SecurityContext; s == nil || s.RunAsUser == nil || *s.RunAsUser != 65532 || s.SeccompProfile == nil {
		t.Errorf("the security context: %+v", s)
	}
	for _, o := range objects(t, r) {
		switch o.GetKind() {
		case "Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy", "ServiceAccount":
			t.Errorf("there is a %s", o.GetKind())
		case "RoleBinding":
			if subjects, _, _ := unstructured.NestedSlice(o.Object, "subjects"); subjects[0].(map[string]any)["name"] != "stalwart" {
				t.Errorf("%v", subjects)
			}
		}
	}
}

// TestTheConfigurationIsVerbatim: what the program reads is what the values say.
func TestTheConfigurationIsVerbatim(t *testing.T) {
	for name, text := range configurations(t) {
		want, err := config.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		r, err := charts.Render(mirrorChart, charts.Release{Name: "smtp-mirror", Namespace: "mail", Values: map[string]any{"config": values(t, text)}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := config.Parse([]byte(configOf(t, r)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		a, _ := got.YAML()
		b, _ := want.YAML()
		if string(a) != string(b) {
			t.Errorf("%s:\n%s\nwant\n%s", name, a, b)
		}
	}
}
