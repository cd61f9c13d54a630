package compile

import (
	"debug/buildinfo"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
)

var amd64 = Platform{"linux", "amd64"}

func TestEnvironLeavesNothingToTheCaller(t *testing.T) {
	base := []string{"HOME=/h", "GOPROXY=p", "CGO_ENABLED=1", "GOFLAGS=-race", "GOEXPERIMENT=x", "GOOS=plan9", "GOAMD64=v3", "PWD=/x"}
	got := Environ(base, amd64, "/cache")
	for _, want := range []string{"HOME=/h", "GOPROXY=p", "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOOS=linux", "GOAMD64=v1", "GOCACHE=/cache"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	for _, gone := range []string{"CGO_ENABLED=1", "GOFLAGS=-race", "GOEXPERIMENT=x", "GOOS=plan9", "GOAMD64=v3", "PWD=/x"} {
		if slices.Contains(got, gone) {
			t.Errorf("%q is still there", gone)
		}
	}
}

func good() *buildinfo.BuildInfo {
	return &buildinfo.BuildInfo{GoVersion: runtime.Version(), Settings: []debug.BuildSetting{
		{Key: "-trimpath", Value: "true"}, {Key: "CGO_ENABLED", Value: "0"}, {Key: "GOOS", Value: "linux"},
		{Key: "GOARCH", Value: "amd64"}, {Key: "GOAMD64", Value: "v1"}, {Key: "-compiler", Value: "gc"},
	}}
}

func TestCheck(t *testing.T) {
	if err := Check(good(), amd64); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*buildinfo.BuildInfo){
		"go":           func(i *buildinfo.BuildInfo) { i.GoVersion = "go1.0" },
		"CGO_ENABLED":  func(i *buildinfo.BuildInfo) { i.Settings[1].Value = "1" },
		"-trimpath":    func(i *buildinfo.BuildInfo) { i.Settings = i.Settings[1:] },
		"GOAMD64":      func(i *buildinfo.BuildInfo) { i.Settings[4].Value = "v3" },
		"vcs.time":     func(i *buildinfo.BuildInfo) { i.Settings[5].Key = "vcs.time" },
		"GOEXPERIMENT": func(i *buildinfo.BuildInfo) { i.Settings[5].Key = "GOEXPERIMENT" },
	} {
		info := good()
		spoil(info)
		var bad *SettingError
		if err := Check(info, amd64); !errors.As(err, &bad) || bad.Name != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCopyLeavesOutWhatBuildsLeave(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	for _, name := range []string{"go.mod", "a/b/c.go", ".git/config", "dist/image/index.json", "bin/x", "cmd/bin/y.go"} {
		file := filepath.Join(from, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Copy(from, to); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"go.mod": true, "a/b/c.go": true, "cmd/bin/y.go": true, ".git/config": false, "dist/image/index.json": false, "bin/x": false} {
		text, err := os.ReadFile(filepath.Join(to, name))
		if got := err == nil && string(text) == name; got != want {
			t.Errorf("%s: copied %v, want %v", name, got, want)
		}
	}
}
