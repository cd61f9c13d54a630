package config_test

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/openova-io/smtp-mirror/config"
)

// documented is the block that users were told, every default written out.
const documented = `
domain: omantel.omani.works
stalwart:
  url: http://stalwart-sovereign-http.stalwart-sovereign.svc.cluster.local:8080
  caFile: ""
  namespace: stalwart-sovereign
  adminSecret: stalwart-sovereign-admin
  adminUser: postmaster
  podSelector: app.kubernetes.io/name=bp-stalwart-sovereign
  container: stalwart
  apiKeySecret: smtp-mirror-stalwart-api
  restart: {enabled: false, kind: StatefulSet, name: stalwart-sovereign}
  allowedIPs: []
submissions:
- name: console
  secret: stalwart-sovereign-submission
  sendAs: []
  receiveBounces: false
  listener: {manage: true, name: submission, bind: ""}
  probe: {address: "", serverName: "", caFile: "", insecureSkipVerify: false}
  gate: login
  credentials: source
  issued: {rotateEvery: 720h, rotateAt: [], expiresAfter: 0s, allowedIPs: []}
  rotation: {overlap: 30m, rolloutDeadline: 10m, writeSource: false}
  stateSecret: smtp-mirror-console
  mirrors:
  - {namespace: catalyst-system, name: sovereign-smtp-credentials, shapes: [smtp, legacy], labels: {}, annotations: {}, consumers: [], fallback: {enabled: false, after: 2m, secret: sovereign-smtp-credentials-phase1}}
dnsRecords: {namespace: stalwart-sovereign, name: stalwart-sovereign-dns-records-required}
dkimKeyDir: ""
webhook: {enabled: false, url: "", path: /webhook/stalwart, secret: smtp-mirror-webhook}
http: {address: ":9090"}
leaderElection: {enabled: true, namespace: stalwart-sovereign, name: smtp-mirror}
resync: 5m
`

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestEveryDefault: only the domain is required, and the rest is what is
// documented, to the letter.
func TestEveryDefault(t *testing.T) {
	want := parse(t, documented)
	for name, text := range map[string]string{
		"only the domain":      "domain: omantel.omani.works",
		"an empty element":     "domain: omantel.omani.works\nsubmissions: [{}]",
		"an empty mirror":      "domain: omantel.omani.works\nsubmissions: [{mirrors: [{}]}]",
		"empty structures":     "domain: omantel.omani.works\nstalwart: {}\nwebhook: {}\nhttp: {}\nleaderElection: {}\ndnsRecords: {}",
		"an empty listener":    "domain: omantel.omani.works\nsubmissions: [{listener: {}, probe: {}}]",
		"explicit as it is":    "domain: omantel.omani.works\nresync: 300s",
		"null is as absent":    "domain: omantel.omani.works\nsubmissions: null",
		"JSON is YAML as well": `{"domain": "omantel.omani.works"}`,
	} {
		if got := parse(t, text); !equality.Semantic.DeepEqual(got, want) {
			t.Errorf("%s: %+v\nwant %+v", name, got, want)
		}
	}
}

// TestWhatIsWrittenStays: an empty list, a false, another duration.
func TestWhatIsWrittenStays(t *testing.T) {
	c := parse(t, `
domain: example.test
submissions:
- {name: a, listener: {manage: false}, mirrors: []}
- {name: b, gate: none, mirrors: [{name: other, shapes: [env]}]}
leaderElection: {enabled: false}
resync: 720h
`)
	a, b := c.Submissions[0], c.Submissions[1]
	if *a.Listener.Manage || len(a.Mirrors) != 0 || a.Gate != "login" {
		t.Errorf("%+v", a)
	}
	if b.Gate != "none" || len(b.Mirrors) != 1 || b.Mirrors[0].Namespace != "catalyst-system" || len(b.Mirrors[0].Shapes) != 1 {
		t.Errorf("%+v", b)
	}
	if c.LeaderElection.Enabled || c.LeaderElection.Name != "smtp-mirror" || c.Resync.Duration != 720*time.Hour {
		t.Errorf("%+v", c)
	}
	if none := parse(t, "domain: example.test\nsubmissions: []"); len(none.Submissions) != 0 {
		t.Error("an empty list was filled")
	}
}

// TestTheEffectiveConfigurationIsOne: what is printed can be read again and
// means the same.
func TestTheEffectiveConfigurationIsOne(t *testing.T) {
	for _, text := range []string{"domain: omantel.omani.works", documented} {
		c := parse(t, text)
		printed, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if again := parse(t, string(printed)); !equality.Semantic.DeepEqual(again, c) {
			t.Errorf("%s", printed)
		}
	}
}
