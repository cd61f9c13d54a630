package compile

import (
	"bytes"
	"cmp"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// Main is the package that is built.
const Main = "./cmd/smtp-mirror"

// Platform is what to build for.
type Platform struct{ OS, Arch string }

func (p Platform) String() string { return p.OS + "/" + p.Arch }

// Source is a tree to build from.
type Source struct {
	Dir     string
	Version string // stamped into the program
	Cache   string // the build cache, empty for the usual one
}

// Package is one that is linked, and the module that it comes from; packages of
// the standard library have none.
type Package struct {
	ImportPath, Dir string
	Standard        bool
	Module          *Module
}

// Module is a module as `go list` tells of it.
type Module struct {
	Path, Version, Dir string
	Main               bool
}

// Build compiles the program into a file, and gives what the binary says of itself.
func (s Source) Build(p Platform, file string) (*buildinfo.BuildInfo, error) {
	flags := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -X main.stamped=" + s.Version, "-o", file, Main}
	if _, err := s.run(p, flags...); err != nil {
		return nil, err
	}
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading what was built: %w", err)
	}
	return info, Check(info, p)
}

// Packages lists everything that is linked for a platform.
func (s Source) Packages(p Platform) ([]Package, error) {
	out, err := s.run(p, "list", "-deps", "-json=ImportPath,Dir,Standard,Module", Main)
	if err != nil {
		return nil, err
	}
	var all []Package
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var one Package
		switch err := d.Decode(&one); {
		case err == io.EOF: //nolint:errorlint // a decoder gives it as it is
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("reading `go list`: %w", err)
		}
		all = append(all, one)
	}
}

// GoRoot is where the toolchain is that builds.
func (s Source) GoRoot(p Platform) (string, error) {
	out, err := s.run(p, "env", "GOROOT")
	return strings.TrimSpace(string(out)), err
}

func (s Source) run(p Platform, args ...string) ([]byte, error) {
	var errs bytes.Buffer
	c := exec.Command("go", args...) //nolint:gosec // built above
	c.Dir, c.Env, c.Stderr = s.Dir, Environ(os.Environ(), p, s.Cache), &errs
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s for %s: %w\n%s", args[0], p, err, errs.String())
	}
	return out, nil
}

// fixed is the part of the environment that decides on the bytes. None of it is
// left to the caller, nor to a file of `go env -w`, which an empty value would be.
func fixed(p Platform) map[string]string {
	return map[string]string{
		"CGO_ENABLED": "0", "GOOS": p.OS, "GOARCH": p.Arch, "GOAMD64": "v1", "GOARM64": "v8.0",
		"GOFLAGS": "-mod=readonly", "GOWORK": "off", "GOFIPS140": "off",
		"GOTOOLCHAIN": runtime.Version(), // ours, which hack/image/go.mod names
	}
}

// Environ is the environment of a build: the caller's, for the proxy and the
// caches, with everything replaced that decides on the bytes.
func Environ(base []string, p Platform, cache string) []string {
	set := fixed(p)
	if cache != "" {
		set["GOCACHE"] = cache
	}
	dropped := []string{"GOEXPERIMENT", "GODEBUG", "PWD", "VERSION"}
	var all []string
	for _, entry := range base {
		name, _, _ := strings.Cut(entry, "=")
		if _, replaced := set[name]; !replaced && !slices.Contains(dropped, name) {
			all = append(all, entry)
		}
	}
	for name, value := range set {
		all = append(all, name+"="+value)
	}
	slices.SortFunc(all, cmp.Compare[string])
	return all
}

// GoVersion is the version of the toolchain that builds, for every platform.
func GoVersion() string { return runtime.Version() }
