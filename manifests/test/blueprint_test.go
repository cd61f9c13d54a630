package charts_test

import (
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestTheCatalogueTakesWhatIsInstalled: its schema is a part of the chart's, and takes the
// values of slot 95 and an operator's.
func TestTheCatalogueTakesWhatIsInstalled(t *testing.T) {
	entry := values(t, read(t, "../blueprint.yaml"))["spec"].(map[string]any)["configSchema"].(map[string]any)
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("blueprint.json", entry); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("blueprint.json")
	if err != nil {
		t.Fatal(err)
	}
	for text, good := range map[string]bool{
		overlay: true,
		read(t, "testdata", "golden", "sovereign", "operator.values.yaml"): true,
		slotValues(t):       true,
		"certificate: {}":   false,
		"sovereignFQDN: 95": false,
	} {
		if err := schema.Validate(values(t, text)); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
	whole := values(t, read(t, sovereignChart, "values.schema.json"))
	for _, path := range beside("", entry, whole) {
		t.Errorf("the chart has no value %s", path)
	}
}

// slotValues are those of the HelmRelease in slot 95.
func slotValues(t *testing.T) string {
	t.Helper()
	_, text, found := strings.Cut(read(t, "../bootstrap-kit/95-bp-stalwart-sovereign.yaml"), "\n  values:\n")
	if !found {
		t.Fatal("slot 95 has no values")
	}
	return strings.ReplaceAll(strings.ReplaceAll("\n"+text, "\n    ", "\n"), "${SOVEREIGN_FQDN}", "omantel.omani.works")
}

// beside lists the properties of a schema that another one has not. What the other one says
// nothing about is anything.
func beside(path string, part, whole map[string]any) []string {
	properties, _ := part["properties"].(map[string]any)
	others, _ := whole["properties"].(map[string]any)
	var all []string
	for name, p := range properties {
		other, there := others[name].(map[string]any)
		switch {
		case there:
			all = append(all, beside(path+"."+name, p.(map[string]any), other)...)
		case others != nil:
			all = append(all, path+"."+name)
		}
	}
	return all
}

// TestTheCatalogueEntry has the version of the chart.
func TestTheCatalogueEntry(t *testing.T) {
	entry, chart := values(t, read(t, "../blueprint.yaml")), values(t, read(t, sovereignChart, "Chart.yaml"))
	if entry["spec"].(map[string]any)["version"] != chart["version"] || entry["metadata"].(map[string]any)["name"] != chart["name"] {
		t.Errorf("%v, %v", entry["spec"].(map[string]any)["version"], chart["version"])
	}
}
