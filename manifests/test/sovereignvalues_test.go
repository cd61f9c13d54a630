package charts_test

import (
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/config"
	charts "github.com/openova-io/smtp-mirror/manifests/test"
)

// rendered renders the blueprint with a name, unless one is said, and parses what comes out.
func rendered(t *testing.T, text string) error {
	t.Helper()
	if !strings.Contains(text, "sovereignFQDN") {
		text = name + text
	}
	r, err := charts.Render(sovereignChart, charts.Release{Name: "stalwart-sovereign", Namespace: "stalwart-sovereign", Values: values(t, text)})
	if err == nil {
		_, err = r.Objects()
	}
	return err
}

// TestNothingIsNothing: a value that is taken away with null ends no render, or is named.
func TestNothingIsNothing(t *testing.T) {
	for _, text := range []string{"networkPolicy: {adminFrom: null, probesFrom: null}", "serviceMonitor: {enabled: true, from: null}", "certificate: {enabled: true, dnsNames: null}",
		"sovereignFQDN: null\nglobal: {sovereignFQDN: omantel.omani.works}", "dns: {dkim: null}", "admin: {autoProvision: null}", "smtp: {autoProvision: null}", "setupJob: null", "stalwart: {nodeSelector: null}",
		"smtp-mirror: {prometheusRule: {enabled: true, alertLabels: null}}", "stalwart: {podAnnotations: {checksum/config: x}}"} {
		if err := rendered(t, text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string]string{"networkPolicy: null": "networkPolicy: is null", "dns: null": "dns: is null", "stalwart: {store: null}": "stalwart.store: is null", "smtp-mirror: {image: null}": "smtp-mirror.image: is null",
		"smtp-mirror: {config: {webhook: {enabled: true, url: ''}}}": "config.webhook.url is missing"} {
		if err := rendered(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestTheRecordsAreWhatTheControllerIsTold, also what lies over the chart's own values.
func TestTheRecordsAreWhatTheControllerIsTold(t *testing.T) {
	plain := recordsOf(t, sovereign(t, name+"smtp-mirror: {config: {dns: {spf: null, dmarc: {policy: null}}}}"))
	if plain["spf"].(map[string]any)["value"] != "v=spf1 a mx ~all" || plain["dmarc"].(map[string]any)["value"] != "v=DMARC1; p=quarantine; rua=mailto:postmaster@omantel.omani.works" {
		t.Errorf("%v, %v", plain["spf"], plain["dmarc"])
	}
	records := recordsOf(t, sovereign(t, name+`dns: {dmarc: {rua: "mailto:a@example.net"}}
smtp-mirror: {config: {dns: {spf: {policy: "-all", senders: [203.0.113.9, "2001:db8::/64", "ip4:198.51.100.0/24", "include:{{ .Release.Name }}.example.net"]}, dmarc: {policy: reject}}}}`))
	for member, want := range map[string]string{"spf": "v=spf1 a mx ip4:203.0.113.9 ip6:2001:db8::/64 ip4:198.51.100.0/24 include:stalwart-sovereign.example.net -all", "dmarc": "v=DMARC1; p=reject; rua=mailto:a@example.net"} {
		if got := records[member].(map[string]any)["value"]; got != want {
			t.Errorf("%s is %s", member, got)
		}
	}
}

// TestNamesAreTexts, also those that YAML takes for something else.
func TestNamesAreTexts(t *testing.T) {
	const text = name + `
admin: {username: "on", secretName: "123"}
smtp: {submissionSecretName: "1e3"}
certificate: {existingSecret: "0x1"}`
	r, err := charts.Render(sovereignChart, charts.Release{Name: "1e5", Namespace: "10", Values: values(t, text)})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects(t, r) {
		if o.GetName() == "" || o.GetNamespace() == "" {
			t.Errorf("%s has no name or no namespace", o.GetKind())
		}
		if o.GetKind() != "Pod" && o.GetLabels()["app.kubernetes.io/instance"] != "1e5" {
			t.Errorf("%s %s: %v", o.GetKind(), o.GetName(), o.GetLabels())
		}
	}
	c, err := config.Parse([]byte(find(t, r, "ConfigMap", "1e5-smtp-mirror").Object["data"].(map[string]any)["config.yaml"].(string)))
	if err != nil || c.Stalwart.AdminUser != "on" || c.Stalwart.AdminSecret != "123" || c.Submissions[0].Secret != "1e3" || c.TLS.Secret != "0x1" {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestTheLoginGetsIn where mail is bounded: else there is no proof.
func TestTheLoginGetsIn(t *testing.T) {
	spec := find(t, sovereign(t, name+"networkPolicy: {mailFrom: [{ipBlock: {cidr: 192.0.2.0/24}}], probesFrom: [{ipBlock: {cidr: 10.0.0.0/8}}]}"), "NetworkPolicy", "stalwart-sovereign").Object["spec"].(map[string]any)
	mail := jsonOf(t, spec["ingress"].([]any)[0])
	for _, want := range []string{"192.0.2.0/24", "10.0.0.0/8", `"app.kubernetes.io/name":"smtp-mirror"`, `"app.kubernetes.io/name":"stalwart-sovereign-login"`} {
		if !strings.Contains(mail, want) {
			t.Errorf("%s lacks %s", mail, want)
		}
	}
}

// TestWhoIsTested: the first mirror of the configuration, by a Pod that may read it, or
// nobody.
func TestWhoIsTested(t *testing.T) {
	for text, want := range map[string]string{
		"": "--secret=catalyst-system/sovereign-smtp-credentials",
		"smtp-mirror: {config: {submissions: [{mirrors: [{namespace: web, name: mine}]}]}}": "--secret=web/mine",
		"sovereignSMTPCredentialsMirror: {enabled: false}":                                  "",
		"controller: {enabled: false}":                                                      "",
		"smtp-mirror: {rbac: {create: false}}":                                              "",
		"smtp-mirror: {deployment: {enabled: false}}":                                       "",
	} {
		got := ""
		for _, o := range objects(t, sovereign(t, name+text)) {
			if spec, ok := podOf(t, o); ok && o.GetKind() == "Pod" {
				got = spec.Containers[0].Args[1]
			}
		}
		if got != want {
			t.Errorf("%s: %q, not %q", text, got, want)
		}
	}
}

// TestAPortLeadsSomewhere: what no listener is called is no port of the Service.
func TestAPortLeadsSomewhere(t *testing.T) {
	spec := find(t, sovereign(t, name+"stalwart: {listeners: [{name: submission, protocol: smtp, port: 587}, {name: http, protocol: http, port: 8080}]}"), "Service", "stalwart-sovereign-mail").Object["spec"].(map[string]any)
	if got := jsonOf(t, spec["ports"]); strings.Count(got, "targetPort") != 1 || !strings.Contains(got, "submission") {
		t.Error(got)
	}
}
