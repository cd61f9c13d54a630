package sbom

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"runtime/debug"
	"strings"
	"testing"
)

func subject() Subject {
	return Subject{
		Info: &buildinfo.BuildInfo{
			GoVersion: "go1.26.8",
			Main:      debug.Module{Path: "github.com/openova-io/smtp-mirror", Version: "(devel)"},
			Deps: []*debug.Module{
				{Path: "example.org/a_b", Version: "v1.0.0", Sum: "h1:abc="},
				{Path: "example.org/old", Version: "v1.0.0", Replace: &debug.Module{Path: "example.org/new", Version: "v2.0.0+incompatible"}},
			},
		},
		Platform: "linux/amd64", SHA256: strings.Repeat("ab", 32), Version: "1.2.3", Revision: "0123",
		Source:   "https://github.com/openova-io/smtp-mirror",
		Licenses: map[string]string{"example.org/a_b": "MIT", "std": "BSD-3-Clause"},
		Texts:    map[string][]string{"example.org/a_b": {"LICENSE"}},
	}
}

func TestSPDX(t *testing.T) {
	text, err := SPDX(subject())
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	var got []string
	ids := map[string]bool{d.ID: true}
	for _, p := range d.Packages {
		got = append(got, p.Name+" "+p.PackageVersion+" "+p.LicenseDeclared)
		if ids[p.ID] {
			t.Errorf("%s is there twice", p.ID)
		}
		ids[p.ID] = true
	}
	want := "github.com/openova-io/smtp-mirror 1.2.3 NOASSERTION\nexample.org/a_b v1.0.0 MIT\n" +
		"example.org/new v2.0.0+incompatible NOASSERTION\nstdlib 1.26.8 BSD-3-Clause\ngo 1.26.8 BSD-3-Clause"
	if list := strings.Join(got, "\n"); list != want {
		t.Errorf("packages:\n%s\nnot\n%s", list, want)
	}
	for _, r := range d.Relationships {
		if !ids[r.From] || !ids[r.To] {
			t.Errorf("%+v leads nowhere", r)
		}
	}
	for _, part := range []string{"pkg:golang/example.org/new@v2.0.0%2Bincompatible", "SPDXRef-example.org-a-b", "git+https://github.com/openova-io/smtp-mirror@0123", epoch, "go.sum h1:abc="} {
		if !bytes.Contains(text, []byte(part)) {
			t.Errorf("the document lacks %q", part)
		}
	}
}

func TestTheSameBinaryHasTheSameDocument(t *testing.T) {
	first, _ := SPDX(subject())
	second, _ := SPDX(subject())
	if !bytes.Equal(first, second) {
		t.Error("two documents of one binary differ")
	}
}
