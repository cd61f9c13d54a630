package charts_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/rbac"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"
)

// draw is a random configuration: of every key that matters for the rights there may be
// a value, the default in words, null or nothing at all.
type draw struct{ *rapid.T }

// maybe puts one of the values under a key, or null, or leaves it out.
func (d draw) maybe(in map[string]any, key string, values ...any) {
	switch n := rapid.IntRange(-2, len(values)-1).Draw(d.T, key); n {
	case -2:
	case -1:
		in[key] = nil
	default:
		in[key] = values[n]
	}
}

func (d draw) object(keys map[string][]any) map[string]any {
	out := map[string]any{}
	for _, key := range sortedKeys(keys) {
		d.maybe(out, key, keys[key]...)
	}
	return out
}

var (
	yesNo      = []any{true, false}                                //nolint:gochecknoglobals // a constant
	namespaces = []any{"stalwart-sovereign", "a", "b", "platform"} //nolint:gochecknoglobals // a constant
)

func (d draw) config() map[string]any {
	c := map[string]any{"domain": "example.org"}
	restart := d.object(map[string][]any{"enabled": yesNo, "kind": {"StatefulSet", "Deployment"}, "name": {"x"}})
	stalwart := d.object(map[string][]any{"namespace": namespaces, "adminSecret": {"root"}, "apiKeySecret": {"", "key"}, "restart": {restart}})
	service := d.object(map[string][]any{"namespace": namespaces, "name": {"lb"}})
	publish := map[string]any{
		"externalDNS": d.object(map[string][]any{"enabled": yesNo, "namespace": append([]any{""}, namespaces...)}),
		"rfc2136":     map[string]any{"enabled": rapid.Bool().Draw(d.T, "rfc2136"), "server": "x:53", "zone": "example.org", "tsigSecret": "tsig"},
		"hetznerPTR":  map[string]any{"enabled": rapid.Bool().Draw(d.T, "hetzner"), "tokenSecret": "token"},
	}
	d.maybe(c, "stalwart", stalwart)
	d.maybe(c, "dns", d.object(map[string][]any{"service": {service}, "publish": {publish}}))
	d.maybe(c, "dkim", d.object(map[string][]any{"manage": {"rotate", "observe"}, "import": yesNo, "backup": {map[string]any{"secret": "keys"}}}))
	d.maybe(c, "tls", d.object(map[string][]any{"secret": {"", "cert"}}))
	d.maybe(c, "webhook", map[string]any{"enabled": true, "url": "http://x:1"}, map[string]any{"secret": "unused"})
	d.maybe(c, "dnsRecords", d.object(map[string][]any{"namespace": namespaces, "name": {"r"}}))
	d.maybe(c, "leaderElection", d.object(map[string][]any{"enabled": yesNo, "namespace": namespaces, "name": {"l"}}))
	d.submissions(c)
	return c
}

// submissions have names of their own, so that the configuration is a valid one.
func (d draw) submissions(c map[string]any) {
	n := rapid.IntRange(-1, 3).Draw(d.T, "submissions")
	if n < 0 {
		return
	}
	all := []any{}
	for i := range n {
		s := d.object(map[string][]any{
			"secret":      {"", fmt.Sprintf("source%d", i)},
			"stateSecret": {"", fmt.Sprintf("state%d", i)},
			"credentials": {"", "source", "issued"},
			"rotation":    {d.object(map[string][]any{"overlap": {"0s", "0", "1h0m", "10ms", "0h0.0s"}, "writeSource": yesNo})},
		})
		s["name"] = fmt.Sprintf("s%d", i)
		mirrors := []any{}
		for j := range rapid.IntRange(0, 2).Draw(d.T, "mirrors") {
			m := d.object(map[string][]any{"namespace": namespaces, "fallback": {d.object(map[string][]any{"enabled": yesNo, "secret": {fmt.Sprintf("old%d%d", i, j)}})}})
			m["name"] = fmt.Sprintf("m%d%d", i, j)
			d.maybe(m, "consumers", d.consumers())
			mirrors = append(mirrors, m)
		}
		d.maybe(s, "mirrors", mirrors)
		all = append(all, s)
	}
	c["submissions"] = all
}

func (d draw) consumers() []any {
	all := []any{}
	for i := range rapid.IntRange(0, 2).Draw(d.T, "consumers") {
		x := d.object(map[string][]any{
			"kind": {"", "Deployment", "StatefulSet", "DaemonSet", "HelmRelease", "Kustomization"},
			"via":  {map[string]any{"name": "v"}, d.object(map[string][]any{"name": {"", "w"}, "namespace": namespaces})},
		})
		x["name"], x["namespace"] = fmt.Sprintf("x%d", i), rapid.SampledFrom(namespaces).Draw(d.T, "namespace")
		all = append(all, x)
	}
	return all
}

// TestTheRolesAreWhatTheProgramPrintsForAnyConfiguration that the program takes.
func TestTheRolesAreWhatTheProgramPrintsForAnyConfiguration(t *testing.T) {
	taken := 0
	rapid.Check(t, func(r *rapid.T) {
		v := draw{r}.config()
		text, err := yaml.Marshal(v)
		if err != nil {
			r.Fatal(err)
		}
		c, err := config.Parse(text)
		if err != nil {
			r.Skip(err)
		}
		taken++
		whole, _ := yaml.Marshal(map[string]any{"config": v})
		got, want := rolesOf(t, string(whole)), plain(t, rbac.Objects(c, "mail", "smtp-mirror"))
		if !reflect.DeepEqual(got, want) {
			a, _ := yaml.Marshal(got)
			b, _ := yaml.Marshal(want)
			r.Fatalf("for\n%s\nthe chart renders\n%s\nthe program prints\n%s", text, a, b)
		}
	})
	t.Logf("%d configurations", taken)
}
