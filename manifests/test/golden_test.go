package charts_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/config"
	charts "github.com/openova-io/smtp-mirror/manifests/test"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var update = flag.Bool("update", false, "write the golden files anew") //nolint:gochecknoglobals // a flag

// TestTheGoldenSet: what is rendered is what was looked at when it was written, and a
// second time it is the same.
func TestTheGoldenSet(t *testing.T) {
	goldenSet(t, filepath.Join("testdata", "golden"), 4, render)
}

// TestTheGoldenSetOfTheBlueprint: the cases of the contract. Both Secrets are there before,
// else each render makes other bytes.
func TestTheGoldenSetOfTheBlueprint(t *testing.T) {
	there := slices.Concat(secret("stalwart-sovereign", "stalwart-sovereign-admin", map[string]string{"ADMIN_PASSWORD": "golden"}),
		secret("stalwart-sovereign", "stalwart-sovereign-submission", map[string]string{"smtp-pass": "golden"}))
	goldenSet(t, filepath.Join("testdata", "golden", "sovereign"), 3, func(t *testing.T, text string) *charts.Rendered { return sovereign(t, text, there...) })
}

func goldenSet(t *testing.T, dir string, least int, render func(t *testing.T, text string) *charts.Rendered) {
	t.Helper()
	cases, err := filepath.Glob(filepath.Join(dir, "*.values.yaml"))
	if err != nil || len(cases) < least {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, path := range cases {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text := read(t, path)
			got, again := goldenText(t, render(t, text)), goldenText(t, render(t, text))
			if got != again {
				t.Error("two renders differ")
			}
			golden := strings.TrimSuffix(path, ".values.yaml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if want := read(t, golden); got != want {
				t.Errorf("%s is not what is rendered; look at the difference after go test -run Golden -update", golden)
			}
		})
	}
}

func goldenText(t *testing.T, r *charts.Rendered) string {
	t.Helper()
	for _, o := range objects(t, r) { // every document is one
		if text, there, _ := unstructured.NestedString(o.Object, "data", "config.yaml"); there {
			if _, err := config.Parse([]byte(text)); err != nil {
				t.Errorf("the program does not take what is rendered: %v", err)
			}
		}
	}
	return r.Text() + "--- NOTES\n" + r.Notes
}

// TestEveryGeneratedFileIsInStep with what it is made from.
func TestEveryGeneratedFileIsInStep(t *testing.T) {
	const root = "../.."
	files, err := charts.Generated(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if got := read(t, root, name); got != string(want) {
			t.Errorf("%s is old: run `make manifests`", name)
		}
	}
	found, err := filepath.Glob(filepath.Join(root, "manifests", "kustomize", "*"))
	if err != nil || len(found) != 5 {
		t.Errorf("manifests/kustomize has other files than those that are made: %q, %v", found, err)
	}
}

// TestEveryValueSaysWhatItIsFor, in every chart.
func TestEveryValueSaysWhatItIsFor(t *testing.T) {
	for _, dir := range []string{mirrorChart, consumerChart, sovereignChart} {
		silent, err := charts.Silent([]byte(read(t, dir, "values.yaml")))
		if err != nil || len(silent) > 0 {
			t.Errorf("%s: %q have no comment, %v", dir, silent, err)
		}
	}
}
