package house_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/rbac"
)

// TestManifestsAreWhatTheProgramPrints keeps manifests/rbac.yaml in step;
// `make manifests` writes it.
func TestManifestsAreWhatTheProgramPrints(t *testing.T) {
	cfg, err := config.Load(filepath.Join(root, "manifests", "example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := rbac.YAML(cfg, "stalwart-sovereign", "smtp-mirror")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, "manifests", "rbac.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("manifests/rbac.yaml is old: run `make manifests`")
	}
}
