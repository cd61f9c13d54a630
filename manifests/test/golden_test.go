package charts_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	charts "github.com/openova-io/smtp-mirror/manifests/test"
)

var update = flag.Bool("update", false, "write the golden files anew") //nolint:gochecknoglobals // a flag

// TestTheGoldenSet: what is rendered is what was looked at when it was written, and a
// second time it is the same.
func TestTheGoldenSet(t *testing.T) {
	cases, err := filepath.Glob(filepath.Join("testdata", "golden", "*.values.yaml"))
	if err != nil || len(cases) < 4 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, path := range cases {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text := read(t, path)
			got, again := goldenText(t, text), goldenText(t, text)
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

func goldenText(t *testing.T, text string) string {
	r := render(t, text)
	objects(t, r) // every document is one
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
	if err != nil || len(found) != 4 {
		t.Errorf("manifests/kustomize has other files than those that are made: %q, %v", found, err)
	}
}

// TestEveryValueSaysWhatItIsFor in the charts of this module.
func TestEveryValueSaysWhatItIsFor(t *testing.T) {
	for _, dir := range []string{mirrorChart, consumerChart} {
		silent, err := charts.Silent([]byte(read(t, dir, "values.yaml")))
		if err != nil || len(silent) > 0 {
			t.Errorf("%s: %q have no comment, %v", dir, silent, err)
		}
	}
}
