package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/config"
)

// ok is a valid beginning; what follows makes it invalid.
const ok = "domain: example.test\n"

// row is a document that is refused, and what the error says: the key, by its
// path.
type row struct{ name, text, says string }

func refuses(t *testing.T, rows []row) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, err := config.Parse([]byte(row.text))
			if !says(err, row.says) {
				t.Errorf("%v\nwant it to say %s", err, row.says)
			}
		})
	}
}

// TestWhatIsNoConfiguration: no document, unknown keys, keys that stand twice.
func TestWhatIsNoConfiguration(t *testing.T) {
	refuses(t, []row{
		{"nothing", "", "domain is required"},
		{"no YAML", "domain: [", "parsing"},
		{"a list", "- domain", "parsing"},
		{"an unknown key", ok + "domian: x", `"domian"`},
		{"an unknown key below", ok + "stalwart: {restart: {enable: true}}", `"stalwart.restart.enable"`},
		{"an unknown key in a list", ok + "submissions: [{}, {name: b, mirrors: [{shape: [env]}]}]", `"submissions[1].mirrors[0].shape"`},
		{"another case is unknown", ok + "Resync: 5m", `"Resync"`},
		{"a key twice", ok + "resync: 1m\nresync: 2m", "resync"},
		{"a key twice below", ok + "http: {address: \":1\", address: \":2\"}", "address"},
		{"a wrong type", ok + "stalwart: {restart: {enabled: 3}}", "enabled"},
		{"a bare host as domain", "domain: localhost", "domain"},
		{"a domain that is none", "domain: exa_mple.test", "domain"},
		{"a duration without a unit", ok + "resync: 300", "duration"},
		{"a duration of nothing", ok + "resync: 0s", "resync"},
		{"a negative duration", ok + "resync: -5m", "resync"},
	})
}

// TestWhatIsInvalid: keys of the server and of the controller.
func TestWhatIsInvalid(t *testing.T) {
	refuses(t, []row{
		{"a URL without a scheme", ok + "stalwart: {url: \"stalwart:8080\"}", "stalwart.url"},
		{"a URL with a password", ok + "stalwart: {url: \"http://a:b@stalwart:8080\"}", "stalwart.url"},
		{"a URL that is none", ok + "stalwart: {url: \"http://%zz\"}", "stalwart.url"},
		{"a URL with a query", ok + "stalwart: {url: \"http://stalwart?x=y\"}", "stalwart.url"},
		{"a namespace that is none", ok + "stalwart: {namespace: A}", "stalwart.namespace"},
		{"no namespace", ok + "stalwart: {namespace: \"\"}", "stalwart.namespace"},
		{"no admin secret", ok + "stalwart: {adminSecret: \"\"}", "stalwart.adminSecret"},
		{"a user with a colon", ok + "stalwart: {adminUser: \"a:b\"}", "stalwart.adminUser"},
		{"no user", ok + "stalwart: {adminUser: \"\"}", "stalwart.adminUser"},
		{"a selector that is none", ok + "stalwart: {podSelector: \"a in\"}", "stalwart.podSelector"},
		{"a selector of everything", ok + "stalwart: {podSelector: \"\"}", "stalwart.podSelector"},
		{"no container", ok + "stalwart: {container: \"\"}", "stalwart.container"},
		{"a DaemonSet", ok + "stalwart: {restart: {kind: DaemonSet}}", "stalwart.restart.kind"},
		{"a workload without a name", ok + "stalwart: {restart: {name: \"\"}}", "stalwart.restart.name"},
		{"an address that is none", ok + "stalwart: {allowedIPs: [10.0.0.0/8, 10.0.0]}", "stalwart.allowedIPs[1]"},
		{"no records", ok + "dnsRecords: {name: \"\"}", "dnsRecords.name"},
		{"records nowhere", ok + "dnsRecords: {namespace: \"\"}", "dnsRecords.namespace"},
		{"no lease", ok + "leaderElection: {name: \"\"}", "leaderElection.name"},
		{"a lease nowhere", ok + "leaderElection: {namespace: \"\"}", "leaderElection.namespace"},
		{"an address without a port", ok + "http: {address: localhost}", "http.address"},
		{"a webhook without a URL", ok + "webhook: {enabled: true}", "webhook.url"},
		{"a webhook's path", ok + "webhook: {path: x}", "webhook.path"},
		{"a webhook without a secret", ok + "webhook: {secret: \"\"}", "webhook.secret"},
	})
}

// TestWhatIsNoSubmission: keys of submissions and mirrors.
func TestWhatIsNoSubmission(t *testing.T) {
	refuses(t, []row{
		{"two submissions of one name", ok + "submissions: [{}, {mirrors: []}]", "submissions[1].name"},
		{"a name that is no label", ok + "submissions: [{name: a.b}]", "submissions[0].name"},
		{"a secret that is none", ok + "submissions: [{secret: A}]", "submissions[0].secret"},
		{"an unknown gate", ok + "submissions: [{gate: open}]", "submissions[0].gate"},
		{"a sender that is none", ok + "submissions: [{sendAs: [a@example.test, nobody]}]", "submissions[0].sendAs[1]"},
		{"a sender with a name", ok + "submissions: [{sendAs: [\"A <a@example.test>\"]}]", "submissions[0].sendAs[0]"},
		{"a bind without a port", ok + "submissions: [{listener: {bind: 0.0.0.0}}]", "submissions[0].listener.bind"},
		{"a probe without a port", ok + "submissions: [{probe: {address: mail}}]", "submissions[0].probe.address"},
		{"no shape", ok + "submissions: [{mirrors: [{shapes: []}]}]", "submissions[0].mirrors[0].shapes"},
		{"an unknown shape", ok + "submissions: [{mirrors: [{shapes: [smtp, x]}]}]", "submissions[0].mirrors[0].shapes"},
		{"a mirror that is none", ok + "submissions: [{mirrors: [{name: A}]}]", "submissions[0].mirrors[0].name"},
		{"one target twice", ok + "submissions: [{mirrors: [{}, {}]}]", "submissions[0].mirrors[1]"},
		{"one target of two submissions", ok + "submissions: [{}, {name: b}]", "submissions[1].mirrors[0]"},
		{"the webhook's key as target", ok + "webhook: {enabled: true, url: 'http://us.test/'}\nsubmissions: [{mirrors: [{namespace: stalwart-sovereign, name: smtp-mirror-webhook}]}]", "submissions[0].mirrors[0]"},
		{"the source as target", ok + "submissions: [{mirrors: [{namespace: stalwart-sovereign, name: stalwart-sovereign-submission}]}]", "submissions[0].mirrors[0]"},
		{"another's source as target", ok + "submissions: [{mirrors: [{namespace: stalwart-sovereign, name: b}]}, {name: b, secret: b, mirrors: []}]", "submissions[0].mirrors[0]"},
		{"the admin secret as target", ok + "submissions: [{mirrors: [{namespace: stalwart-sovereign, name: stalwart-sovereign-admin}]}]", "submissions[0].mirrors[0]"},
		{"a fallback at once", ok + "submissions: [{mirrors: [{fallback: {after: 0s}}]}]", "submissions[0].mirrors[0].fallback.after"},
		{"a fallback before", ok + "submissions: [{mirrors: [{fallback: {after: -2m}}]}]", "submissions[0].mirrors[0].fallback.after"},
		{"a fallback some time", ok + "submissions: [{mirrors: [{fallback: {after: 2}}]}]", "submissions[0].mirrors[0].fallback.after"},
		{"an unknown key of a fallback", ok + "submissions: [{mirrors: [{fallback: {x: y}}]}]", `"submissions[0].mirrors[0].fallback.x"`},
		{"a copy that is none", ok + "submissions: [{mirrors: [{fallback: {secret: A}}]}]", "submissions[0].mirrors[0].fallback.secret"},
		{"a copy in the mirror", ok + "submissions: [{mirrors: [{fallback: {enabled: true, secret: sovereign-smtp-credentials}}]}]", "submissions[0].mirrors[0].fallback.secret"},
		{"a copy in a later mirror", ok + "submissions: [{mirrors: [{fallback: {enabled: true, secret: b}}, {name: b}]}]", "submissions[0].mirrors[0].fallback.secret"},
		{"two copies in one", ok + "submissions: [{mirrors: [{fallback: {enabled: true}}, {name: b, fallback: {enabled: true}}]}]", "submissions[0].mirrors[1].fallback.secret"},
		{"a copy in the source", ok + "submissions: [{mirrors: [{namespace: stalwart-sovereign, fallback: {enabled: true, secret: stalwart-sovereign-submission}}]}]", "submissions[0].mirrors[0].fallback.secret"},
		{"a copy in the state", ok + "submissions: [{rotation: {overlap: 1m}, mirrors: [{namespace: stalwart-sovereign, fallback: {enabled: true, secret: smtp-mirror-console}}]}]", "submissions[0].mirrors[0].fallback.secret"},
		{"a copy in what is rendered", ok + "submissions: [{mirrors: [{consumers: [{namespace: catalyst-system, name: c, via: {name: v}}], fallback: {enabled: true, secret: v}}]}]", "submissions[0].mirrors[0].fallback.secret"},
		{"a fallback without a proof", ok + "submissions: [{gate: none, mirrors: [{fallback: {enabled: true}}]}]", "submissions[0].gate"},
		{"a label of the contract", ok + "submissions: [{mirrors: [{labels: {catalyst.openova.io/seed-phase: x}}]}]", "submissions[0].mirrors[0].labels"},
		{"a label that is none", ok + "submissions: [{mirrors: [{labels: {\"a b\": x}}]}]", "submissions[0].mirrors[0].labels"},
		{"a value that is none", ok + "submissions: [{mirrors: [{labels: {a: \"x y\"}}]}]", "submissions[0].mirrors[0].labels"},
		{"an annotation of ours", ok + "submissions: [{mirrors: [{annotations: {smtp-mirror.openova.io/generation: \"1\"}}]}]", "submissions[0].mirrors[0].annotations"},
		{"an annotation of the contract", ok + "submissions: [{mirrors: [{annotations: {helm.sh/resource-policy: delete}}]}]", "submissions[0].mirrors[0].annotations"},
	})
}

// TestAllProblemsAtOnce: nobody likes to find them one by one.
func TestAllProblemsAtOnce(t *testing.T) {
	_, err := config.Parse([]byte("domain: localhost\nhttp: {address: x}\nresync: 1ms\nsubmissions: [{gate: x}]"))
	if err == nil {
		t.Fatal("it is valid")
	}
	for _, key := range []string{"domain", "http.address", "resync", "submissions[0].gate"} {
		if !says(err, key) {
			t.Errorf("%v does not name %s", err, key)
		}
	}
}

// TestWhatIsValid: everything that can be set, at once.
func TestWhatIsValid(t *testing.T) {
	_ = parse(t, `
domain: Example.test
stalwart: {url: "https://stalwart.example.test", allowedIPs: [10.0.0.0/8, "fd00::1"], restart: {enabled: true, kind: Deployment, name: stalwart}, podSelector: "app in (a, b)"}
webhook: {enabled: true, url: "http://smtp-mirror.ns.svc:9090/webhook/stalwart"}
submissions:
- {name: a, secret: s.dotted, sendAs: [x@other.test], receiveBounces: true, listener: {bind: "[::]:588"}, probe: {address: "10.0.0.1:587", serverName: mail.example.test, insecureSkipVerify: true},
   mirrors: [{shapes: [smtp, legacy, env], labels: {a/b: c}, annotations: {reflector.v1.k8s.emberstack.com/reflection-allowed: "true"}}, {namespace: other}]}
`)
}

// TestLoad reads a file, and names what it cannot read.
func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	if _, err := config.Load(path); err == nil {
		t.Error("a file that is not there is no error")
	}
	if err := os.WriteFile(path, []byte(documented), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := config.Load(path); err != nil || c.Domain != "omantel.omani.works" {
		t.Errorf("%v", err)
	}
}

// says reports whether the text of an error holds a part of it: what people are
// told is part of what is tested.
func says(err error, part string) bool { return err != nil && strings.Contains(fmt.Sprint(err), part) }
