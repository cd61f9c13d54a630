package charts_test

import (
	"strings"
	"testing"

	charts "github.com/openova-io/smtp-mirror/manifests/test"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
)

// TestWrongValuesAreRefused, each with a message that names the value.
func TestWrongValuesAreRefused(t *testing.T) {
	const domain = "config: {domain: example.org}\n"
	rows := []struct {
		name, text string
		says       []string
	}{
		{"no domain", "{}", []string{"config.domain is missing"}},
		{"an empty domain", "config: {domain: \"\"}", []string{"config.domain is missing"}},
		{"a word that is none", domain + "image: {pullPolicy: Sometimes}", []string{"at '/image/pullPolicy'", "'Always', 'IfNotPresent', 'Never'"}},
		{"a digest that is none", domain + "image: {digest: abc}", []string{"at '/image/digest'", "sha256"}},
		{"a key that is none", domain + "replicaCount: 2", []string{"additional properties 'replicaCount' not allowed"}},
		{"a key below", domain + "image: {name: x}", []string{"at '/image'", "additional properties 'name' not allowed"}},
		{"a number as text", domain + "replicas: two", []string{"at '/replicas'", "got string, want integer"}},
		{"a text as list", domain + "tolerations: all", []string{"at '/tolerations'", "want array"}},
		{"a port out of range", domain + "service: {port: 70000}", []string{"at '/service/port'", "maximum"}},
		{"a misspelt key of the configuration", "config: {domain: example.org, stalwart: {adminsecret: x}}", []string{"at '/config/stalwart'", "'adminsecret' not allowed"}},
		{"a wrong kind in the configuration", "config: {domain: example.org, submissions: {}}", []string{"at '/config/submissions'", "array"}},
		{"a duration as a number", "config: {domain: example.org, resync: 300}", []string{"at '/config/resync'", "string"}},
		{"a duration that is none", "config: {domain: example.org, resync: banana}", []string{"at '/config/resync'", "'banana' does not match pattern"}},
		{"a domain that is none", "config: {domain: not a domain}", []string{"at '/config/domain'", "does not match pattern"}},
		{"a URL that is none", "config: {domain: example.org, stalwart: {url: foo}}", []string{"at '/config/stalwart/url'", "does not match pattern"}},
		{"an address without a port", "config: {domain: example.org, http: {address: foo}}", []string{"at '/config/http/address'", "does not match pattern"}},
		{"an update without a server", "config: {domain: example.org, dns: {publish: {rfc2136: {enabled: true}}}}", []string{"config.dns.publish.rfc2136.server"}},
		{"a wrong word in the configuration", "config: {domain: example.org, submissions: [{gate: maybe}]}", []string{"at '/config/submissions/0/gate'", "'login', 'none'"}},
		{"a text where a bool is", "config: {domain: example.org, webhook: {enabled: \"yes\"}}", []string{"at '/config/webhook/enabled'", "boolean"}},
		{"a mount without a path", domain + "extraVolumeMounts: [{name: x}]", []string{"at '/extraVolumeMounts/0'", "mountPath"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, err := charts.Render(mirrorChart, charts.Release{Name: "smtp-mirror", Namespace: "mail", Values: values(t, row.text)})
			if err == nil {
				t.Fatal("it was taken")
			}
			for _, word := range row.says {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%v\nlacks %q", err, word)
				}
			}
		})
	}
}

// TestTheSchemaTakesWhatTheProgramTakes: no configuration of the matrix is refused.
func TestTheSchemaTakesWhatTheProgramTakes(t *testing.T) {
	for name, text := range configurations(t) {
		v := map[string]any{"config": values(t, text)}
		if _, err := charts.Render(mirrorChart, charts.Release{Name: "smtp-mirror", Namespace: "mail", Values: v}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLintIsClean, for the newest Kubernetes and for the oldest that is promised.
func TestLintIsClean(t *testing.T) {
	rows := []struct{ dir, text string }{
		{mirrorChart, "{}"},
		{mirrorChart, "config: {domain: example.org}"},
		{mirrorChart, read(t, "testdata", "golden", "everything.values.yaml")},
		{"../charts/smtp-credentials", "{}"},
		{consumerChart, "{}"},
		{sovereignChart, "{}"},
		{sovereignChart, overlay},
	}
	for _, row := range rows {
		for _, version := range []string{"v1.29.0", "v1.37.0"} {
			kube, err := common.ParseKubeVersion(version)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range lint.RunAll(row.dir, values(t, row.text), "mail", lint.WithKubeVersion(kube)).Messages {
				if m.Severity > support.InfoSev {
					t.Errorf("%s, %s: %s", row.dir, version, m)
				}
			}
		}
	}
}
