package charts_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/config"
	charts "github.com/openova-io/smtp-mirror/manifests/test"
	"github.com/openova-io/smtp-mirror/rbac"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic/fake"
)

const sovereignChart = "../charts/stalwart-sovereign"

// sovereign renders the blueprint as its Flux release does.
func sovereign(t *testing.T, text string, there ...runtime.Object) *charts.Rendered {
	t.Helper()
	r, err := charts.Render(sovereignChart, charts.Release{Name: "stalwart-sovereign", Namespace: "stalwart-sovereign", Values: values(t, text), Cluster: existing(there...)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// existing is a cluster with these objects.
func existing(there ...runtime.Object) lookups {
	scheme := runtime.NewScheme()
	var all []runtime.Object
	for _, o := range there {
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
		if err != nil {
			panic(err)
		}
		all = append(all, &unstructured.Unstructured{Object: fields})
	}
	return lookups{fake.NewSimpleDynamicClientWithCustomListKinds(scheme, listKinds(), all...)}
}

// objectNames are "Kind namespace/name" of all.
func objectNames(t *testing.T, r *charts.Rendered) []string {
	t.Helper()
	var all []string
	for _, o := range objects(t, r) {
		all = append(all, o.GetKind()+" "+o.GetNamespace()+"/"+o.GetName())
	}
	slices.Sort(all)
	return all
}

const overlay = `
sovereignFQDN: omantel.omani.works
certificate: {enabled: true}
serviceMonitor: {enabled: true}
global: {imageRegistry: registry.omantel.omani.works}
smtp-mirror: {serviceMonitor: {enabled: true}, prometheusRule: {enabled: true}, config: {dkim: {manage: rotate, backup: {enabled: true}}}}`

// TestTheSmokeRender has what needs no name, and nothing else.
func TestTheSmokeRender(t *testing.T) {
	want := []string{"ConfigMap stalwart-sovereign/stalwart-sovereign-config", "NetworkPolicy stalwart-sovereign/stalwart-sovereign", "Secret stalwart-sovereign/stalwart-sovereign-admin",
		"ServiceAccount stalwart-sovereign/stalwart-sovereign", "StatefulSet stalwart-sovereign/stalwart-sovereign"}
	if got := objectNames(t, sovereign(t, "")); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestTheOperatorsOverlay has what other programs look for, under their names.
func TestTheOperatorsOverlay(t *testing.T) {
	r := sovereign(t, overlay)
	got := objectNames(t, r)
	for _, want := range []string{"Secret stalwart-sovereign/stalwart-sovereign-submission", "ConfigMap stalwart-sovereign/stalwart-sovereign-dns-records-required", "Service stalwart-sovereign/stalwart-sovereign-mail",
		"Service stalwart-sovereign/stalwart-sovereign-http", "Deployment stalwart-sovereign/stalwart-sovereign-smtp-mirror", "Role catalyst-system/stalwart-sovereign-smtp-mirror", "Certificate stalwart-sovereign/stalwart-sovereign"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is not there: %q", want, got)
		}
	}
	source := find(t, r, "Secret", "stalwart-sovereign-submission")
	for key, want := range map[string]string{"smtp-host": "mail.omantel.omani.works", "smtp-port": "587", "smtp-from": "noreply@omantel.omani.works", "smtp-user": "noreply"} {
		if text := decoded(t, source, key); text != want {
			t.Errorf("%s is %q", key, text)
		}
	}
	if pass := decoded(t, source, "smtp-pass"); len(pass) != 32 {
		t.Errorf("a password of %d characters", len(pass))
	}
	set := find(t, r, "StatefulSet", "stalwart-sovereign")
	spec, _ := podOf(t, set)
	if image := spec.Containers[0].Image; spec.Containers[0].Name != "stalwart" || !strings.HasPrefix(image, "registry.omantel.omani.works/stalwartlabs/stalwart@sha256:5d75cff4") {
		t.Errorf("the image is %s", image)
	}
	if *spec.SecurityContext.RunAsUser != 2000 || !slices.Equal(spec.Containers[0].SecurityContext.Capabilities.Add, spec.InitContainers[1].SecurityContext.Capabilities.Add) {
		t.Error("the user or the capabilities are others")
	}
	records := recordsOf(t, r)
	for _, member := range []string{"mx", "spf", "dmarc", "dkim", "ptr", "sovereignFQDN", "mailHost"} {
		if records[member] == nil {
			t.Errorf("records.json has no %s", member)
		}
	}
}

// TestWithoutTheMirror nothing is rendered into its namespace.
func TestWithoutTheMirror(t *testing.T) {
	r := sovereign(t, overlay+"\nsovereignSMTPCredentialsMirror: {enabled: false}")
	for _, name := range objectNames(t, r) {
		if strings.Contains(name, "catalyst-system") {
			t.Error(name)
		}
	}
}

// TestAnUpgradeKeepsWhatIsThere: the bytes of both Secrets, whatever the mirror holds, and
// what the controller has written; a value that was changed is changed.
func TestAnUpgradeKeepsWhatIsThere(t *testing.T) {
	const controllers = `{"sovereignFQDN":"omantel.omani.works","mailHost":"mail.omantel.omani.works","mx":{"name":"omantel.omani.works","value":"mail.omantel.omani.works","priority":10},
"spf":{"name":"omantel.omani.works","value":"v=spf1 a mx ~all"},"dmarc":{"name":"_dmarc.omantel.omani.works","value":"v=DMARC1; p=quarantine; rua=mailto:postmaster@omantel.omani.works"},
"dkim":{"selector":"s1","name":"s1._domainkey.omantel.omani.works","algorithm":"ed25519-sha256","publicKey":"AAAA"},"dkimKeys":[{"selector":"s1"}],"records":[{"name":"n"}],"theirs":1}`
	admin := secret("stalwart-sovereign", "stalwart-sovereign-admin", map[string]string{"ADMIN_PASSWORD": "the old one"})
	source := secret("stalwart-sovereign", "stalwart-sovereign-submission", map[string]string{"smtp-pass": "the old one, too"})
	mirrored := secret("catalyst-system", "sovereign-smtp-credentials", map[string]string{"smtp-pass": "the mothership's"})
	records := configMap("stalwart-sovereign", "stalwart-sovereign-dns-records-required", map[string]string{"records.json": controllers, "README.md": "the controller's page"})
	there := slices.Concat(admin, source, mirrored, records)
	r := sovereign(t, overlay, there...)
	if a, s := decoded(t, find(t, r, "Secret", "stalwart-sovereign-admin"), "ADMIN_PASSWORD"), decoded(t, find(t, r, "Secret", "stalwart-sovereign-submission"), "smtp-pass"); a != "the old one" || s != "the old one, too" {
		t.Error("the Secrets have other bytes")
	}
	data := find(t, r, "ConfigMap", "stalwart-sovereign-dns-records-required").Object["data"].(map[string]any)
	if data["records.json"] != controllers || data["README.md"] != "the controller's page" {
		t.Errorf("the records are %v", data)
	}
	changed := recordsOf(t, sovereign(t, overlay+"\ndns: {spf: {policy: \"-all\"}}", there...))
	if changed["spf"].(map[string]any)["value"] != "v=spf1 a mx -all" || changed["dkim"].(map[string]any)["publicKey"] != "AAAA" || len(changed["records"].([]any)) != 1 || changed["theirs"] == nil {
		t.Errorf("%v", changed)
	}
	inherited := secret("stalwart-sovereign", "stalwart-sovereign-submission", map[string]string{"smtp-pass": "the mothership's"})
	if decoded(t, find(t, sovereign(t, overlay, slices.Concat(inherited, mirrored)...), "Secret", "stalwart-sovereign-submission"), "smtp-pass") == "the mothership's" {
		t.Error("a password of the mothership that the old chart took over stays the local one")
	}
	mirrored[0].(*corev1.Secret).Labels = map[string]string{"catalyst.openova.io/seed-phase": "phase-2-sovereign-stalwart"}
	if decoded(t, find(t, sovereign(t, overlay, slices.Concat(inherited, mirrored)...), "Secret", "stalwart-sovereign-submission"), "smtp-pass") != "the mothership's" {
		t.Error("after the cutover the mirror holds the SOURCE's bytes, which stay")
	}
	mirrored[0].(*corev1.Secret).Labels = nil
	fresh := sovereign(t, overlay, mirrored...)
	if decoded(t, find(t, fresh, "Secret", "stalwart-sovereign-submission"), "smtp-pass") == "the mothership's" {
		t.Error("the password of the mothership has become the local one")
	}
}

// TestWhatIsGoneIsSaid, and what cannot work.
func TestWhatIsGoneIsSaid(t *testing.T) {
	for text, want := range map[string]string{
		"setupJob: {enabled: true}":     "docs/migrate-from-setup-job.md",
		"stalwart: {config: {a: b}}":    "reads no config.toml",
		"stalwart: {replicas: 2}":       "RocksDb and Sqlite are none",
		"admin: {username: Postmaster}": "lower case",
		"smtp-mirror: {enabled: true}":  "controller.enabled",
		"stalwart: {probes: {readiness: {tcpSocket: {port: 25}, exec: {command: [a]}}}}": "exec and tcpSocket",
		"stalwart: {image: {tag: v0.16.18}}":                                             "the digest wins",
		"stalwart: {listeners: [{name: http, protocol: http, port: 8080}]}":              "none is called submission",
		"stalwart: {listeners: [{name: http, protocol: http, port: 8080}, {name: http, protocol: http, port: 8081}, {name: submission, protocol: smtp, port: 587}]}": "two are called http",
		"service: {mail: {ipFamilyPolicy: Dual}}": "/service/mail/ipFamilyPolicy",
		"sovereignFQDN: https://omantel":          "/sovereignFQDN",
		"dns: {spf: {policy: all}}":               "/dns/spf/policy",
		"service: {mail: {ports: {smtp: 0}}}":     "/service/mail/ports/smtp",
		"stalwart: {listener: []}":                "'listener' not allowed",
	} {
		_, err := charts.Render(sovereignChart, charts.Release{Name: "stalwart-sovereign", Namespace: "stalwart-sovereign", Values: values(t, text)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// TestTheSovereignsRoles are what the program prints for the configuration that is rendered.
func TestTheSovereignsRoles(t *testing.T) {
	for _, text := range []string{overlay, overlay + "\nsovereignSMTPCredentialsMirror: {enabled: false}", "sovereignFQDN: a.example\nadmin: {secretName: other}"} {
		r := sovereign(t, text)
		c, err := config.Parse([]byte(find(t, r, "ConfigMap", "stalwart-sovereign-smtp-mirror").Object["data"].(map[string]any)["config.yaml"].(string)))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]any{}
		for namespace, rules := range rbac.Rules(c) {
			want[namespace] = plain(t, []any{map[string]any{"rules": rules, "metadata": map[string]any{}}})[0].(map[string]any)["rules"]
		}
		got := map[string]any{}
		for _, o := range objects(t, r) {
			if o.GetKind() == "Role" {
				got[o.GetNamespace()] = o.Object["rules"]
			}
		}
		if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) || !reflect.DeepEqual(jsonOf(t, got), jsonOf(t, want)) {
			t.Errorf("rendered %s\nprinted %s", jsonOf(t, got), jsonOf(t, want))
		}
	}
}

func find(t *testing.T, r *charts.Rendered, kind, name string) *unstructured.Unstructured {
	t.Helper()
	for _, o := range objects(t, r) {
		if o.GetKind() == kind && o.GetName() == name {
			return o
		}
	}
	t.Fatalf("no %s %s", kind, name)
	return nil
}

func decoded(t *testing.T, o *unstructured.Unstructured, key string) string {
	t.Helper()
	value, _, _ := unstructured.NestedString(o.Object, "data", key)
	text, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func recordsOf(t *testing.T, r *charts.Rendered) map[string]any {
	t.Helper()
	text, _, _ := unstructured.NestedString(find(t, r, "ConfigMap", "stalwart-sovereign-dns-records-required").Object, "data", "records.json")
	var records map[string]any
	if err := json.Unmarshal([]byte(text), &records); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return records
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
