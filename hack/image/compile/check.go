package compile

import (
	"debug/buildinfo"
	"fmt"
	"runtime"
	"strings"
)

// SettingError is a binary that was built in another way than was asked for.
type SettingError struct{ Name, Got, Want string }

func (e *SettingError) Error() string {
	return fmt.Sprintf("the binary was built with %s %q, not %q", e.Name, e.Got, e.Want)
}

// Check compares what a binary says of its build with what was asked for. What
// only some builders have, such as the state of their git or an experiment of the
// toolchain, must not be in it.
func Check(info *buildinfo.BuildInfo, p Platform) error {
	if info.GoVersion != runtime.Version() {
		return &SettingError{"go", info.GoVersion, runtime.Version()}
	}
	want := map[string]string{"-trimpath": "true", "CGO_ENABLED": "0", "GOOS": p.OS, "GOARCH": p.Arch}
	switch p.Arch {
	case "amd64":
		want["GOAMD64"] = "v1"
	case "arm64":
		want["GOARM64"] = "v8.0"
	}
	for _, s := range info.Settings {
		if strings.HasPrefix(s.Key, "vcs") || s.Key == "GOEXPERIMENT" || s.Key == "GOFIPS140" {
			return &SettingError{s.Key, s.Value, ""}
		}
		if value, asked := want[s.Key]; asked && value != s.Value {
			return &SettingError{s.Key, s.Value, value}
		}
		delete(want, s.Key)
	}
	for name, value := range want {
		return &SettingError{name, "", value}
	}
	return nil
}
