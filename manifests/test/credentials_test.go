package charts_test

import (
	"encoding/base64"
	"maps"
	"strings"
	"testing"

	charts "github.com/openova-io/smtp-mirror/manifests/test"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/scheme"
)

// cluster answers lookup for Secrets.
type cluster struct{ dynamic.Interface }

func (c cluster) GetClientFor(string, string) (dynamic.NamespaceableResourceInterface, bool, error) {
	return c.Resource(corev1.SchemeGroupVersion.WithResource("secrets")), true, nil
}

// secret is an object of the cluster; nil data: there is none.
func secret(namespace, name string, data map[string]string) []runtime.Object {
	if data == nil {
		return nil
	}
	bytes := map[string][]byte{}
	for key, value := range data {
		bytes[key] = []byte(value)
	}
	return []runtime.Object{&corev1.Secret{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: bytes}}
}

// consumer renders the example with a mirror and an existing target.
func consumer(t *testing.T, mirror, existing map[string]string, text string) *charts.Rendered {
	t.Helper()
	all := append(secret("catalyst-system", "sovereign-smtp-credentials", mirror), secret("web", "catalyst-openova-kc-credentials", existing)...)
	r, err := charts.Render(consumerChart, charts.Release{Name: "web", Namespace: "web", Values: values(t, text), Cluster: cluster{fake.NewSimpleDynamicClient(scheme.Scheme, all...)}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// fields are the decoded data of the rendered Secret.
func fields(t *testing.T, r *charts.Rendered) map[string]string {
	t.Helper()
	data, _, err := unstructured.NestedStringMap(one(t, r, "Secret").Object, "data")
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range data {
		text, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			t.Fatal(err)
		}
		data[key] = string(text)
	}
	return data
}

func five(host, port, from, user, pass string) map[string]string {
	return map[string]string{"smtp-host": host, "smtp-port": port, "smtp-from": from, "smtp-user": user, "smtp-pass": pass}
}

// with is a copy with more keys.
func with(m map[string]string, more ...string) map[string]string {
	m = maps.Clone(m)
	for i := 0; i < len(more); i += 2 {
		m[more[i]] = more[i+1]
	}
	return m
}

// TestSourceWins: the rules of the contract, field by field.
func TestSourceWins(t *testing.T) {
	ours, old := five("mail.example.org", "587", "noreply@example.org", "noreply", "n e:w\"{{x}}\n"), five("old.example.org", "25", "old@example.org", "olduser", "oldpass")
	blank, defaults := five("", "", "", "", ""), five("mail.openova.io", "587", "noreply@openova.io", "", "")
	rows := []struct {
		name             string
		mirror, existing map[string]string
		values           string
		want             map[string]string
	}{
		{"nothing is there", nil, nil, "", defaults},
		{"values replace the defaults", nil, nil, "smtp: {host: h, port: \"2525\", from: f@x}", five("h", "2525", "f@x", "", "")},
		{"only the mirror", ours, nil, "", ours},
		{"the mirror wins over what was rendered", ours, old, "", ours},
		{"the mirror wins over the values", ours, nil, "smtp: {host: h}", ours},
		{"no mirror: what was rendered stays", nil, old, "", old},
		{"no mirror: what was rendered wins over the values", nil, old, "smtp: {host: h, port: 1, from: x}", old},
		{"an empty mirror", map[string]string{}, old, "", old},
		{"empty strings are absent in the mirror", blank, old, "", old},
		{"empty strings are absent in what was rendered", nil, blank, "", defaults},
		{"empty strings everywhere", blank, blank, "smtp: {host: \"\", port: \"\", from: \"\"}", five("", "", "", "", "")},
		{"the legacy pair", map[string]string{"user": "u", "password": "p"}, nil, "", five("mail.openova.io", "587", "noreply@openova.io", "u", "p")},
		{"the legacy pair wins over what was rendered", map[string]string{"user": "u", "password": "p"}, old, "", with(old, "smtp-user", "u", "smtp-pass", "p")},
		{"canonical wins over legacy", with(ours, "user", "u", "password", "p"), old, "", ours},
		{"legacy where canonical is empty", with(ours, "smtp-user", "", "smtp-pass", "", "user", "u", "password", "p"), old, "", with(ours, "smtp-user", "u", "smtp-pass", "p")},
		{"an empty legacy pair", map[string]string{"user": "", "password": ""}, old, "", old},
		{"phase 1, early: a pair without a host", map[string]string{"smtp-user": "u", "smtp-pass": "p"}, nil, "", five("mail.openova.io", "587", "noreply@openova.io", "u", "p")},
		{"each field by itself", map[string]string{"smtp-host": "h", "smtp-pass": "p"}, map[string]string{"smtp-port": "26", "smtp-user": "u"}, "", five("h", "26", "noreply@openova.io", "u", "p")},
		{"bytes that are no text", with(ours, "smtp-pass", "\xff\x00\n"), nil, "", with(ours, "smtp-pass", "\xff\x00\n")},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := fields(t, consumer(t, row.mirror, row.existing, row.values)); !maps.Equal(got, row.want) {
				t.Errorf("%q\nwant %q", got, row.want)
			}
		})
	}
}

// TestAMirrorElsewhere is found, and the one of the default is not looked at.
func TestAMirrorElsewhere(t *testing.T) {
	ours := five("mail.example.org", "587", "noreply@example.org", "noreply", "p")
	objects := append(secret("platform", "m", ours), secret("catalyst-system", "sovereign-smtp-credentials", five("a", "b", "c", "d", "e"))...)
	r, err := charts.Render(consumerChart, charts.Release{Name: "web", Namespace: "web", Values: values(t, "mirror: {namespace: platform, name: m}"), Cluster: cluster{fake.NewSimpleDynamicClient(scheme.Scheme, objects...)}})
	if err != nil {
		t.Fatal(err)
	}
	if got := fields(t, r); !maps.Equal(got, ours) {
		t.Errorf("%q", got)
	}
}

// TestAConsumerRollsWhenItsCredentialsChange, and only then; the annotation does not
// give the password away.
func TestAConsumerRollsWhenItsCredentialsChange(t *testing.T) {
	checksum := func(mirror, existing map[string]string) string {
		t.Helper()
		r := consumer(t, mirror, existing, "")
		if o := one(t, r, "Deployment"); strings.Contains(o.GetName(), "password") {
			t.Error("the Deployment has the password")
		}
		sum, _, _ := unstructured.NestedString(one(t, r, "Deployment").Object, "spec", "template", "metadata", "annotations", "checksum/smtp")
		if len(sum) != 64 {
			t.Fatalf("the annotation is %q", sum)
		}
		return sum
	}
	ours := five("h", "587", "f@x", "u", "p")
	first := checksum(ours, nil)
	if checksum(ours, five("a", "b", "c", "d", "e")) != first || checksum(with(ours, "else", "x"), nil) != first || checksum(nil, ours) != first {
		t.Error("it rolls though the same credentials come out")
	}
	for key := range ours {
		if checksum(with(ours, key, "other"), nil) == first {
			t.Errorf("it does not roll when %s changes", key)
		}
	}
}
