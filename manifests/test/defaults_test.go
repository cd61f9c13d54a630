package charts_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/openova-io/smtp-mirror/config"
	charts "github.com/openova-io/smtp-mirror/manifests/test"
	"helm.sh/helm/v4/pkg/chart/common"
	"sigs.k8s.io/yaml"
)

// TestTheTemplatesKnowTheDefaults: what the templates take for the effective
// configuration is a part of what the program takes for it.
func TestTheTemplatesKnowTheDefaults(t *testing.T) {
	for name, text := range configurations(t) {
		c, err := config.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		whole, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var want map[string]any
		if err := json.Unmarshal(whole, &want); err != nil {
			t.Fatal(err)
		}
		for _, problem := range beyond("", effective(t, text), want) {
			t.Errorf("%s: %s", name, problem)
		}
	}
}

// effective renders the template of that name, in a copy of the chart.
func effective(t *testing.T, text string) map[string]any {
	t.Helper()
	c, err := charts.Load(mirrorChart)
	if err != nil {
		t.Fatal(err)
	}
	c.Templates = append(c.Templates, &common.File{Name: "templates/effective.txt", Data: []byte(`{{ include "smtp-mirror.effective" . }}`)})
	r, err := charts.RenderChart(c, charts.Release{Name: "smtp-mirror", Namespace: "mail", Values: map[string]any{"config": values(t, text)}})
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := yaml.Unmarshal([]byte(r.Files["smtp-mirror/templates/effective.txt"]), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// derived are keys of the templates' own.
var derived = map[string]bool{"rotates": true, "consumers": true} //nolint:gochecknoglobals // a constant table

// beyond lists what is in got and not the same in want. Durations are left as they
// were written, which is no difference that matters here.
func beyond(path string, got, want any) []string {
	switch g := got.(type) {
	case map[string]any:
		w, ok := want.(map[string]any)
		if !ok {
			return []string{path + " is no object"}
		}
		var all []string
		for key, value := range g {
			if _, there := w[key]; there || !derived[key] {
				all = append(all, beyond(path+"."+key, value, w[key])...)
			}
		}
		return all
	case []any:
		w, ok := want.([]any)
		if !ok || len(g) != len(w) {
			return []string{fmt.Sprintf("%s has %v, not %v", path, got, want)}
		}
		var all []string
		for i := range g {
			all = append(all, beyond(fmt.Sprintf("%s[%d]", path, i), g[i], w[i])...)
		}
		return all
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		return []string{fmt.Sprintf("%s is %v, not %v", path, got, want)}
	}
	return nil
}
