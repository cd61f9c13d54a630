package sbom

import (
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"regexp"
	"runtime/debug"
	"strings"
)

// Subject is the binary that is described.
type Subject struct {
	Info              *buildinfo.BuildInfo
	Platform, SHA256  string
	Version, Revision string
	Source            string              // https://github.com/OWNER/NAME
	Licenses          map[string]string   // SPDX expression of a module; the standard library is "std"
	Texts             map[string][]string // names of licence files
}

// epoch stands for "no date": SPDX wants one, a reproducible build has none.
const epoch = "1970-01-01T00:00:00Z"

const noAssertion = "NOASSERTION"

// SPDX is the document, as JSON with a newline at its end.
func SPDX(s Subject) ([]byte, error) {
	d := document{
		ID: "SPDXRef-DOCUMENT", Version: "SPDX-2.3", DataLicense: "CC0-1.0",
		Name:      fmt.Sprintf("smtp-mirror %s %s", s.Version, s.Platform),
		Namespace: fmt.Sprintf("%s/spdx/%s", s.Source, s.SHA256),
		Creation:  creation{Created: epoch, Creators: []string{"Tool: smtp-mirror-hack-image"}, Comment: "created is the epoch, so that the same binary has the same document"},
	}
	d.add("DESCRIBES", d.ID, s.program())
	program := d.Packages[0].ID
	for _, m := range s.Info.Deps {
		d.add("DEPENDS_ON", program, s.module(m))
	}
	d.add("DEPENDS_ON", program, s.standard())
	d.tool(program, s.toolchain())
	text, err := json.MarshalIndent(d, "", "  ")
	return append(text, '\n'), err
}

func (s Subject) program() spdxPackage {
	path := s.Info.Main.Path
	p := newPackage(path, s.Version, s.license(path))
	p.Purpose = "APPLICATION"
	p.Checksums = []checksum{{"SHA256", s.SHA256}}
	if s.Revision != "" {
		p.Download = "git+" + s.Source + "@" + s.Revision
	}
	return p
}

// module describes what is linked: where it is replaced, the replacement.
func (s Subject) module(m *debug.Module) spdxPackage {
	if m.Replace != nil {
		m = m.Replace
	}
	p := newPackage(m.Path, m.Version, s.license(m.Path))
	p.Purpose = "LIBRARY"
	p.Download = "https://" + m.Path
	if m.Sum != "" {
		p.Comment = "go.sum " + m.Sum
	}
	if files := s.Texts[m.Path]; len(files) > 0 {
		p.LicenseComments = "from " + strings.Join(files, ", ")
	}
	return p
}

func (s Subject) standard() spdxPackage {
	p := newPackage("stdlib", strings.TrimPrefix(s.Info.GoVersion, "go"), s.license("std"))
	p.Purpose, p.Download = "LIBRARY", "https://go.dev/dl/"
	return p
}

func (s Subject) toolchain() spdxPackage {
	p := newPackage("toolchain", strings.TrimPrefix(s.Info.GoVersion, "go"), s.license("std"))
	p.Name, p.Purpose, p.Download = "go", "APPLICATION", "https://go.dev/dl/"
	p.Comment = "the toolchain that has built it: " + s.Info.GoVersion
	return p
}

func (s Subject) license(path string) string {
	if id := s.Licenses[path]; id != "" {
		return id
	}
	return noAssertion
}

// idstring is what an identifier of SPDX may hold.
var idstring = regexp.MustCompile(`[^A-Za-z0-9.-]+`)

func newPackage(path, version, license string) spdxPackage {
	purl := "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")
	return spdxPackage{
		ID: "SPDXRef-" + idstring.ReplaceAllString(path, "-"), Name: path, PackageVersion: version,
		Download: noAssertion, Copyright: noAssertion, LicenseConcluded: noAssertion, LicenseDeclared: license,
		External: []reference{{"PACKAGE-MANAGER", "purl", purl}},
	}
}
