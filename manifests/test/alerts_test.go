package charts_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/audit"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/promql/parser"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

//nolint:gochecknoglobals // constant expressions
var (
	series  = regexp.MustCompile(`smtp_mirror_[a-z_]+`)
	link    = regexp.MustCompile(`runbook\.md#([a-z-]+)$`)
	anchors = strings.NewReplacer("### ", "#", "## ", "#", "# ", "#", ",", "", " ", "-")
)

// alerts are the rules that are rendered.
func alerts(t *testing.T, text string) []map[string]any {
	t.Helper()
	groups, _, err := unstructured.NestedSlice(one(t, render(t, text+"\nprometheusRule: {enabled: true}"), "PrometheusRule").Object, "spec", "groups")
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for _, r := range groups[0].(map[string]any)["rules"].([]any) {
		all = append(all, r.(map[string]any))
	}
	return all
}

// TestTheAlertsKnowTheMetrics: every expression is one, every series in it is one of
// the program's, and every link is a heading of the runbook.
func TestTheAlertsKnowTheMetrics(t *testing.T) {
	known := map[string]bool{}
	audit.NewMetrics(descriptions{known})
	headings := strings.Split(anchors.Replace(strings.ToLower(read(t, "../../docs/runbook.md"))), "\n")
	all := alerts(t, "config: {domain: example.org}")
	if len(all) < 9 {
		t.Errorf("only %d alerts", len(all))
	}
	for _, a := range all {
		expression := a["expr"].(string)
		if _, err := parser.ParseExpr(expression); err != nil {
			t.Errorf("%s: %v", a["alert"], err)
		}
		for _, name := range series.FindAllString(expression, -1) {
			if !known[name] {
				t.Errorf("%s: there is no series %s", a["alert"], name)
			}
		}
		url := a["annotations"].(map[string]any)["runbook_url"].(string)
		if l := link.FindStringSubmatch(url); l == nil && !strings.HasSuffix(url, "#{{ $labels.reason | toLower }}") || l != nil && !slices.Contains(headings, "#"+l[1]) {
			t.Errorf("%s: the runbook has no heading for %s", a["alert"], url)
		}
	}
}

// TestAlertsFollowTheConfiguration: a submission without a gate never alerts for a
// proof, others when three resyncs brought none, and what is disabled is not there.
func TestAlertsFollowTheConfiguration(t *testing.T) {
	text, err := json.Marshal(alerts(t, "config: {domain: example.org, submissions: [{gate: none}]}"))
	if err != nil || !strings.Contains(string(text), `submission!~\"console\"`) {
		t.Errorf("a submission without a gate would alert for ever: %v", err)
	}
	for resync, want := range map[string]string{"5m": "> 1800", "1h30m": "> 16200", "10m30s": "> 1890"} {
		if got := alerts(t, "config: {domain: example.org, resync: "+resync+"}")[1]["expr"].(string); !strings.HasSuffix(got, want) {
			t.Errorf("resync %s: %s", resync, got)
		}
	}
	one := render(t, "config: {domain: example.org}\nprometheusRule: {enabled: true, disabled: [SMTPMirrorHeld]}").Text()
	if strings.Contains(one, "alert: SMTPMirrorHeld") || !strings.Contains(one, "alert: SMTPMirrorRetrying") {
		t.Error("a disabled alert is there, or more than that is gone")
	}
}

// descriptions collects the names of series.
type descriptions struct{ names map[string]bool }

func (d descriptions) Register(c prometheus.Collector) error { d.MustRegister(c); return nil }
func (d descriptions) Unregister(prometheus.Collector) bool  { return true }
func (d descriptions) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		ch := make(chan *prometheus.Desc, 10)
		c.Describe(ch)
		close(ch)
		for desc := range ch {
			d.names[series.FindString(desc.String())] = true
		}
	}
}
