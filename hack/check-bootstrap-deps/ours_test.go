package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"
)

const ours = "../../manifests/bootstrap-kit"

func TestOurKitIsAsDeclared(t *testing.T) {
	got := command(t, "--kit", ours, "--expected", expected)
	if got.code != 0 || len(got.faults()) != 0 {
		t.Errorf("exit %d\n%s", got.code, got.stderr)
	}
}

// object is the part of slot 95 that others rely on.
type object struct {
	Kind     string
	Metadata struct{ Name, Namespace string }
	Spec     struct {
		Interval, Type, ReleaseName, TargetNamespace string
		Chart                                        struct {
			Spec struct {
				Chart, Version string
				SourceRef      struct{ Kind, Name string }
			}
		}
		Install, Upgrade struct{ Remediation struct{ Retries int } }
		Values           struct {
			Global struct{ SovereignFQDN string }
		}
	}
}

func slot95(t *testing.T) map[string]object {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(ours, "95-bp-stalwart-sovereign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]object{}
	for document := range bytes.SplitSeq(text, []byte("\n---\n")) {
		var o object
		if err := yaml.Unmarshal(document, &o); err != nil {
			t.Fatal(err)
		}
		all[o.Kind] = o
	}
	return all
}

// TestSlot95 holds the slot to the contract with the cluster around it.
func TestSlot95(t *testing.T) {
	all := slot95(t)
	h, repository := all["HelmRelease"], all["HelmRepository"]
	spec := h.Spec
	for what, pair := range map[string][2]any{
		"name":              {h.Metadata.Name, "bp-stalwart-sovereign"},
		"namespace":         {h.Metadata.Namespace, "flux-system"},
		"release":           {spec.ReleaseName, "stalwart-sovereign"},
		"target":            {spec.TargetNamespace, all["Namespace"].Metadata.Name},
		"its name":          {spec.TargetNamespace, "stalwart-sovereign"},
		"interval":          {spec.Interval, "15m"},
		"install retries":   {spec.Install.Remediation.Retries, 3},
		"upgrade retries":   {spec.Upgrade.Remediation.Retries, 3},
		"FQDN":              {spec.Values.Global.SovereignFQDN, "${SOVEREIGN_FQDN}"},
		"chart":             {spec.Chart.Spec.Chart, "bp-stalwart-sovereign"},
		"source kind":       {spec.Chart.Spec.SourceRef.Kind, "HelmRepository"},
		"source":            {spec.Chart.Spec.SourceRef.Name, repository.Metadata.Name},
		"source's home":     {repository.Metadata.Namespace, h.Metadata.Namespace},
		"type of source":    {repository.Spec.Type, "oci"},
		"number of objects": {len(all), 3},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %v, not %v", what, pair[0], pair[1])
		}
	}
}

// TestSlot95InstallsOurChart keeps the version of the slot and of the chart in step.
func TestSlot95InstallsOurChart(t *testing.T) {
	text, err := os.ReadFile("../../manifests/charts/stalwart-sovereign/Chart.yaml")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the chart is not in the repository yet")
	}
	if err != nil {
		t.Fatal(err)
	}
	var chart struct{ Name, Version string }
	if err := yaml.Unmarshal(text, &chart); err != nil {
		t.Fatal(err)
	}
	want := slot95(t)["HelmRelease"].Spec.Chart.Spec
	if chart.Name != want.Chart || chart.Version != want.Version {
		t.Errorf("the chart is %s %s, the slot installs %s %s", chart.Name, chart.Version, want.Chart, want.Version)
	}
}
