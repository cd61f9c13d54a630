package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/openova-io/smtp-mirror/hack/image/inspect"
	"github.com/openova-io/smtp-mirror/hack/image/stamp"
)

// TestImage builds the image of one platform twice, as `make image` does for all,
// and looks at it from the outside.
func TestImage(t *testing.T) {
	var log bytes.Buffer
	o := options{repo: "../..", out: t.TempDir(), platforms: "linux/amd64", log: &log}
	if err := o.build(); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", log.String())
	for _, want := range []string{"EQUAL", "goal 20 MB: met", "digest sha256:"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	index, err := inspect.Open(filepath.Join(o.out, "image"))
	if err != nil {
		t.Fatal(err)
	}
	images, err := inspect.Images(index)
	if err != nil || len(images) != 1 {
		t.Fatal(images, err)
	}
	root, err := inspect.Unpack(images["linux/amd64"], t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Run("the program runs alone", func(t *testing.T) { alone(t, root) })
	t.Run("the texts are complete", func(t *testing.T) { texts(t, o.out, root) })
}

// alone runs the program with nothing but the image around it; its directories are
// root's, so it can write to none of them.
func alone(t *testing.T, root inspect.Root) {
	if runtime.GOOS+"/"+runtime.GOARCH != "linux/amd64" {
		t.Skip("this machine cannot run it")
	}
	s, err := stamp.Of("../..")
	if err != nil {
		t.Fatal(err)
	}
	out, confined, err := root.Run("version")
	if err != nil || strings.TrimSpace(out) != s.Version {
		t.Errorf("version is %q, not %q: %v", out, s.Version, err)
	}
	if !confined {
		t.Log("only root may shut it into its own directory: it ran outside")
	}
	if out, _, err := root.Run("help"); err != nil || !strings.HasPrefix(out, "usage: smtp-mirror") {
		t.Errorf("help is %q: %v", out, err)
	}
}

// texts compares what is in the image with what lies beside it, and the two lists
// of modules, which come from different places: go list, and the binary.
func texts(t *testing.T, out string, root inspect.Root) {
	read := func(name string) []byte {
		text, err := os.ReadFile(name) //nolint:gosec // just made
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	notices, list := read(filepath.Join(root.Dir, "licenses/NOTICES.txt")), read(filepath.Join(root.Dir, "licenses/sbom.spdx.json"))
	if !bytes.Equal(notices, read(filepath.Join(out, "notices-linux-amd64.txt"))) || !bytes.Equal(list, read(filepath.Join(out, "sbom-linux-amd64.spdx.json"))) {
		t.Error("the texts in the image are others than those beside it")
	}
	var d struct {
		Packages []struct{ SPDXID, Name, VersionInfo, PrimaryPackagePurpose, LicenseDeclared string }
	}
	if err := json.Unmarshal(list, &d); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range d.Packages {
		if seen[p.SPDXID] {
			t.Errorf("%s is in the SBOM twice", p.SPDXID)
		}
		seen[p.SPDXID] = true
		if p.PrimaryPackagePurpose != "LIBRARY" || p.Name == "stdlib" {
			continue
		}
		if p.LicenseDeclared == "NOASSERTION" || !bytes.Contains(notices, []byte("  "+p.Name+" "+p.VersionInfo+" ("+p.LicenseDeclared+")\n")) {
			t.Errorf("the notices lack %s %s, %s", p.Name, p.VersionInfo, p.LicenseDeclared)
		}
	}
	if len(seen) < 40 || !bytes.Contains(notices, []byte("\n  std go")) {
		t.Errorf("only %d packages in the SBOM, or no standard library in the notices", len(seen))
	}
}

func TestUnequalBuildsAreKept(t *testing.T) {
	first, err := random.Index(100, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	second, err := random.Index(100, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	o := options{out: t.TempDir()}
	var unequal *UnequalError
	if err := o.compare("1.2.3", first, second); !errors.As(err, &unequal) || unequal.First == unequal.Second {
		t.Fatal(err)
	}
	if _, err := inspect.Open(unequal.Kept); err != nil {
		t.Error(err)
	}
	if err := o.compare("1.2.3", first, first); err != nil {
		t.Error(err)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"make"}, {"build", "x"}, {"push"}, {"tag", "x"}, {"build", "--platforms", "linux"}} {
		if err := dispatch(t.Context(), args, &bytes.Buffer{}); err == nil {
			t.Errorf("%q is fine", args)
		}
	}
}
