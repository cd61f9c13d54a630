package charts_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// features are parts of a configuration that change the rights or the addresses. Each
// is tried alone, each two of them together, and all together.
var features = map[string]string{ //nolint:gochecknoglobals // a constant table
	"stalwart": `
stalwart:
  namespace: post
  adminSecret: root
  apiKeySecret: ""
  url: https://post.example.org:8443
  podSelector: app in (a, b),!canary,tier=mail,x!=y,role
  restart: {enabled: true, kind: Deployment, name: stalwart}`,
	"records":  "dnsRecords: {namespace: records, name: r}",
	"lease":    "leaderElection: {namespace: leases, name: l}",
	"webhook":  "webhook: {enabled: true, url: \"http://smtp-mirror.mail:9090\", secret: hook}",
	"address":  "http: {address: \"[::]:8081\"}",
	"tls":      "tls: {secret: mail-tls}",
	"keys":     "dkim: {manage: rotate, backup: {enabled: true, secret: keys}}",
	"world":    "dns: {service: {namespace: edge, name: lb}, servers: [\"192.0.2.1:5353\", \"[2001:db8::1]:53\"], recursive: \"9.9.9.9:53\", publish: {externalDNS: {enabled: true}, rfc2136: {enabled: true, server: \"10.0.0.53:53\", zone: example.org, tsigSecret: tsig}, hetznerPTR: {enabled: true, tokenSecret: token}}}",
	"rotation": "submissions:\n" + strings.Join([]string{submissionOf("console", "rotation: {overlap: 0s}"), submissionOf("reports", "credentials: issued"), submissionOf("alerts", "stateSecret: s, rotation: {writeSource: true}")}, "\n"),
}

// submissionOf is an element of submissions with a mirror of its own.
func submissionOf(name, more string) string {
	return fmt.Sprintf("- {name: %s, secret: %s, mirrors: [{namespace: web, name: %s}], %s}", name, name, name, more)
}

// special are configurations by themselves.
var special = map[string]string{ //nolint:gochecknoglobals // a constant table
	"nothing":           "",
	"no lease":          "leaderElection: {enabled: false}",
	"nulls":             "stalwart: {namespace: null, restart: null}\nsubmissions: null\ndns: {service: {name: null}, publish: null}\nwebhook: null",
	"an empty element":  "submissions: [{}]",
	"a null element":    "submissions: [null]",
	"null in elements":  "submissions: [{rotation: null, probe: null, mirrors: null, secret: null}]",
	"empty in elements": "submissions: [{name: \"\", secret: \"\", gate: \"\", credentials: \"\", stateSecret: \"\", mirrors: [{namespace: \"\", name: \"\", fallback: {secret: \"\"}}]}]",
	"no submission":     "submissions: []",
	"no mirror":         "submissions: [{mirrors: []}]",
	"no gate":           "submissions: [{gate: none}]",
	"no overlap":        "submissions: [{rotation: {overlap: 0m0s}}]",
	"a null overlap":    "submissions: [{rotation: {overlap: null}}]",
	"a short overlap":   "submissions: [{rotation: {overlap: 0.5s}}]",
	"issued":            "submissions: [{credentials: issued, rotation: {overlap: \"0\"}}]",
	"imported keys":     "dkim: {import: true}\ndkimKeyDir: /keys",
	"two mirrors":       "submissions: [{mirrors: [{namespace: b, name: x}, {namespace: b, name: a}, {namespace: a}]}]",
	"one source twice":  "submissions: [{}, {name: b, mirrors: []}]",
	"a mirror at home":  "submissions: [{mirrors: [{namespace: stalwart-sovereign, name: x}]}]",
	"a fallback":        "submissions: [{mirrors: [{namespace: b, fallback: {enabled: true}}, {namespace: c, name: x, fallback: {enabled: true, after: 1m, secret: old}}]}]",
	"consumers":         "submissions: [{rotation: {overlap: 0s}, mirrors: [{consumers: [" + consumersOf("Deployment", "StatefulSet", "DaemonSet", "HelmRelease", "Kustomization") + "]}]}]",
	"a bare consumer":   "submissions: [{mirrors: [{consumers: [{namespace: use, name: x}]}]}]",
	"null consumers":    "submissions: [{mirrors: [{consumers: null, fallback: null}]}]",
	"via":               "submissions: [{mirrors: [{consumers: [{namespace: use, name: x, via: {name: r}}, {kind: HelmRelease, namespace: flux, name: z, via: {namespace: use, name: r, keys: {user: u}}}]}]}]",
	"external in dns":   "stalwart: {namespace: post}\ndns: {publish: {externalDNS: {enabled: true, namespace: dns}}}",
	"external by name":  "stalwart: {namespace: post}\ndns: {publish: {externalDNS: {enabled: true, namespace: \"\"}}}",
	"one namespace":     "stalwart: {namespace: m}\ndnsRecords: {namespace: m}\nleaderElection: {namespace: m}\ndns: {service: {namespace: m}}\nsubmissions: [{mirrors: [{namespace: m}]}]",
	"a look elsewhere":  "dns: {look: false, publish: {hetznerPTR: {enabled: true, endpoint: \"http://ptr.example:8080\", tokenSecret: t}}}",
	"a probe":           "submissions: [{probe: {address: \"192.0.2.7:465\"}}, {name: b, secret: b, mirrors: [{name: b}], probe: {address: \"mail.example.org:2525\"}}]",
}

func consumersOf(kinds ...string) string {
	var all []string
	for i, kind := range kinds {
		all = append(all, fmt.Sprintf("{kind: %s, namespace: n%d, name: x}", kind, i%3))
	}
	return strings.Join(all, ", ")
}

// configurations are all of them, each a whole file.
func configurations(t *testing.T) map[string]string {
	t.Helper()
	all, everything := maps.Clone(special), ""
	for a, one := range features {
		all[a] = one
		everything += one + "\n"
		for b, other := range features {
			if a < b {
				all[a+" and "+b] = one + "\n" + other
			}
		}
	}
	all["everything"] = everything
	for name, text := range all {
		all[name] = "domain: example.org\n" + text
	}
	return all
}
