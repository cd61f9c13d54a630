package main

import "runtime/debug"

// stamped is the version that the build was given (-ldflags "-X main.stamped=V").
var stamped string //nolint:gochecknoglobals // the linker writes it

// version is what the build knows of itself: what it was given, else the
// module's version, or the commit. It holds no date, so that two builds are equal.
func version() string {
	if stamped != "" {
		return stamped
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (v == "" || v == "(devel)") {
			v = s.Value
		}
	}
	return v
}
