package rbac_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/rbac"
)

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse([]byte("domain: omantel.omani.works\n" + text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// rules as lines: "group/resource [names] verbs".
func lines(all []rbacv1.PolicyRule) []string {
	var out []string
	for _, r := range all {
		out = append(out, strings.Join(r.APIGroups, ",")+"/"+strings.Join(r.Resources, ",")+" ["+strings.Join(r.ResourceNames, " ")+"] "+strings.Join(r.Verbs, " "))
	}
	return out
}

// TestTheRightsOfTheDefaults, literally: whoever changes them changes this.
func TestTheRightsOfTheDefaults(t *testing.T) {
	want := map[string][]string{
		"catalyst-system": {
			"/secrets [sovereign-smtp-credentials] get list watch create patch",
			"events.k8s.io/events [] create patch",
		},
		"stalwart-sovereign": {
			"/secrets [stalwart-sovereign-admin stalwart-sovereign-submission] get list watch",
			"/secrets [smtp-mirror-stalwart-api] get list watch create patch",
			"/configmaps [stalwart-sovereign-dns-records-required] get list watch update patch",
			"/pods [] list watch",
			"/secrets [smtp-mirror-console] get create patch",
			"/services [stalwart-sovereign-mail] get list watch",
			"events.k8s.io/events [] create patch",
			"coordination.k8s.io/leases [] create",
			"coordination.k8s.io/leases [smtp-mirror] get update",
		},
	}
	got := map[string][]string{}
	for namespace, rules := range rbac.Rules(parse(t, "")) {
		got[namespace] = lines(rules)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}

// TestOptionsAddTheirRights, and only theirs.
func TestOptionsAddTheirRights(t *testing.T) {
	rows := []struct{ name, text, namespace, line string }{
		{"a restart of a StatefulSet", "stalwart: {restart: {enabled: true}}", "stalwart-sovereign", "apps/statefulsets [stalwart-sovereign] get patch"},
		{"a restart of a Deployment", "stalwart: {restart: {enabled: true, kind: Deployment, name: d}}", "stalwart-sovereign", "apps/deployments [d] get patch"},
		{"the webhook's secret", "webhook: {enabled: true, url: \"http://us:9090\"}", "stalwart-sovereign", "/secrets [smtp-mirror-webhook stalwart-sovereign-admin stalwart-sovereign-submission] get list watch"},
		{"a mirror elsewhere", "submissions: [{mirrors: [{namespace: b, name: x}, {namespace: b, name: a}]}]", "b", "/secrets [a x] get list watch create patch"},
		{"a mirror beside the source", "submissions: [{mirrors: [{namespace: stalwart-sovereign, name: x}]}]", "stalwart-sovereign", "/secrets [smtp-mirror-stalwart-api x] get list watch create patch"},
		{"records elsewhere", "dnsRecords: {namespace: dns, name: r}", "dns", "/configmaps [r] get list watch update patch"},
		{"a lease elsewhere", "leaderElection: {namespace: l, name: x}", "l", "coordination.k8s.io/leases [x] get update"},
		{"a Deployment that is rolled", consumer("Deployment"), "use", "apps/deployments [x] get patch"},
		{"its Pods", consumer("Deployment"), "use", "/pods [] list"},
		{"a HelmRelease", consumer("HelmRelease"), "use", "helm.toolkit.fluxcd.io/helmreleases [x] get patch"},
		{"a Kustomization", consumer("Kustomization"), "use", "kustomize.toolkit.fluxcd.io/kustomizations [x] get patch"},
		{"what it renders", consumer("Kustomization"), "v", "/secrets [r] get list watch"},
		{"a fallback", "submissions: [{mirrors: [{namespace: b, name: x, fallback: {enabled: true}}]}]", "b", "/secrets [sovereign-smtp-credentials-phase1] get create patch"},
		{"one source for two", "submissions: [{}, {name: b, mirrors: []}]", "stalwart-sovereign", "/secrets [stalwart-sovereign-admin stalwart-sovereign-submission] get list watch"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := lines(rbac.Rules(parse(t, row.text))[row.namespace]); !slices.Contains(got, row.line) {
				t.Errorf("%q\nlacks %s", got, row.line)
			}
		})
	}
	for namespace, rules := range rbac.Rules(parse(t, "leaderElection: {enabled: false}")) {
		if slices.ContainsFunc(lines(rules), func(l string) bool {
			return strings.Contains(l, "leases") || strings.Contains(l, "phase1") || strings.Contains(l, "apps/")
		}) {
			t.Errorf("%s has a right that nobody needs", namespace)
		}
	}
}

// consumer is a configuration with one.
func consumer(kind string) string {
	return "submissions: [{mirrors: [{consumers: [{kind: " + kind + ", namespace: use, name: x, via: {namespace: v, name: r}}]}]}]"
}

// TestOfFluxNoPodsAreListed: it shows what it has done itself.
func TestOfFluxNoPodsAreListed(t *testing.T) {
	if got := lines(rbac.Rules(parse(t, consumer("HelmRelease")))["use"]); len(got) != 2 {
		t.Errorf("%q", got)
	}
}

// TestOnlyTheKnownExceptionsAreUnbounded: everything else is granted by name.
func TestOnlyTheKnownExceptionsAreUnbounded(t *testing.T) {
	everything := parse(t, `
stalwart: {restart: {enabled: true}}
webhook: {enabled: true, url: "http://us:9090"}
submissions: [{}, {name: b, secret: b, mirrors: [{namespace: other}]}]
`)
	unbounded := []string{"events.k8s.io/events [] create patch", "coordination.k8s.io/leases [] create", "/pods [] list watch"}
	for _, c := range []*config.Config{parse(t, ""), everything} {
		for namespace, rules := range rbac.Rules(c) {
			for i, line := range lines(rules) {
				if strings.Contains(line, "[]") && !slices.Contains(unbounded, line) {
					t.Errorf("%s: %s is not bounded by a name", namespace, line)
				}
				if strings.Contains(line, "*") || slices.Contains(rules[i].ResourceNames, "") || slices.Contains(rules[i].Verbs, "delete") {
					t.Errorf("%s: %s", namespace, line)
				}
			}
		}
	}
}

// TestObjects: a Role and its RoleBinding per namespace, for one account,
// nothing of the cluster, the same order each time.
func TestObjects(t *testing.T) {
	c := parse(t, "submissions: [{mirrors: [{namespace: b}, {namespace: a}]}]")
	var namespaces []string
	for i, object := range rbac.Objects(c, "ns", "account") {
		switch o := object.(type) {
		case *rbacv1.Role:
			if o.Kind != "Role" || i%2 != 0 || len(o.Rules) == 0 {
				t.Errorf("%+v", o)
			}
			namespaces = append(namespaces, o.Namespace)
		case *rbacv1.RoleBinding:
			want := rbacv1.Subject{Kind: "ServiceAccount", Namespace: "ns", Name: "account"}
			if o.Kind != "RoleBinding" || len(o.Subjects) != 1 || o.Subjects[0] != want || o.RoleRef != (rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "Role", Name: "smtp-mirror"}) || o.Namespace != namespaces[len(namespaces)-1] {
				t.Errorf("%+v", o)
			}
		default:
			t.Errorf("%T", o)
		}
	}
	if !slices.Equal(namespaces, []string{"a", "b", "stalwart-sovereign"}) {
		t.Errorf("%q", namespaces)
	}
	for range 20 {
		one, err := rbac.YAML(c, "ns", "account")
		again, _ := rbac.YAML(c, "ns", "account")
		if err != nil || string(one) != string(again) || strings.Contains(string(one), "Cluster") || strings.Count(string(one), "\n---\n") != 5 {
			t.Fatalf("%v\n%s", err, one)
		}
	}
}

// TestTheManifestIsTheOutput for the defaults.
func TestTheManifestIsTheOutput(t *testing.T) {
	manifest, err := os.ReadFile(filepath.Join("..", "manifests", "rbac.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := rbac.YAML(parse(t, ""), "stalwart-sovereign", "smtp-mirror")
	if err != nil || string(got) != string(manifest) {
		t.Errorf("manifests/rbac.yaml is not what the defaults need: %v", err)
	}
}
