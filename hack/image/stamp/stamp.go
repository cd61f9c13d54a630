package stamp

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Stamp is what a build is of.
type Stamp struct {
	Version  string // 1.2.3; between releases 1.2.3-4-gHASH; before the first 0.0.0-gHASH
	Revision string // the commit, empty where there is no git
}

// VersionError is a version that cannot be the tag of an image.
type VersionError struct{ Version string }

func (e *VersionError) Error() string {
	return fmt.Sprintf("%q cannot be a version: letters, digits, '.', '_' and '-', at most 128 of them", e.Version)
}

// tag is what the OCI specification allows as a tag.
var tag = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)

// Of reads the stamp of a tree. VERSION wins, in the environment or as a file (a
// source archive has no git); else git says.
func Of(dir string) (Stamp, error) {
	given := os.Getenv("VERSION")
	if text, err := os.ReadFile(filepath.Join(dir, "VERSION")); given == "" && err == nil {
		given = string(text)
	}
	// A fixed length of the hash: its default grows with what else a clone holds.
	described := git(dir, "describe", "--tags", "--match", "v[0-9]*", "--always", "--abbrev=12", "--dirty")
	s := Stamp{Version: version(strings.TrimSpace(given), described), Revision: git(dir, "rev-parse", "HEAD")}
	if !tag.MatchString(s.Version) {
		return Stamp{}, &VersionError{s.Version}
	}
	return s, nil
}

// version makes a version of what was given and of what git describes.
func version(given, described string) string {
	switch {
	case given != "":
		return strings.TrimPrefix(given, "v")
	case described == "":
		return "0.0.0-unknown"
	case strings.HasPrefix(described, "v"):
		return strings.TrimPrefix(described, "v")
	default: // no tag yet: --always gives the hash alone
		return "0.0.0-g" + described
	}
}

// git is the answer of a git command, or nothing where there is none.
func git(dir string, args ...string) string {
	out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).Output() //nolint:gosec // constants
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
