package stamp

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

func TestVersion(t *testing.T) {
	for _, c := range []struct{ given, described, want string }{
		{"", "v1.2.3", "1.2.3"},
		{"", "v1.2.3-4-g0123456789ab", "1.2.3-4-g0123456789ab"},
		{"", "v1.2.3-dirty", "1.2.3-dirty"},
		{"", "0123456789ab", "0.0.0-g0123456789ab"},
		{"", "", "0.0.0-unknown"},
		{"v2.0.0", "v1.2.3", "2.0.0"},
		{"2.0.0-rc.1", "", "2.0.0-rc.1"},
	} {
		if got := version(c.given, c.described); got != c.want {
			t.Errorf("given %q, described %q: %q, not %q", c.given, c.described, got, c.want)
		}
	}
}

func TestOf(t *testing.T) {
	t.Setenv("VERSION", "")
	dir := t.TempDir()
	if s, err := Of(dir); err != nil || s != (Stamp{Version: "0.0.0-unknown"}) {
		t.Errorf("without git: %+v, %v", s, err)
	}
	commit(t, dir)
	s, err := Of(dir)
	if err != nil || !regexp.MustCompile(`^0\.0\.0-g[0-9a-f]{12}$`).MatchString(s.Version) || len(s.Revision) != 40 {
		t.Errorf("without a tag: %+v, %v", s, err)
	}
	run(t, dir, "tag", "v1.2.3")
	if s, err := Of(dir); err != nil || s.Version != "1.2.3" {
		t.Errorf("with a tag: %+v, %v", s, err)
	}
	t.Setenv("VERSION", "1.0+meta")
	var bad *VersionError
	if _, err := Of(dir); !errors.As(err, &bad) || bad.Version != "1.0+meta" {
		t.Errorf("what cannot be a tag: %v", err)
	}
}

func commit(t *testing.T, dir string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "init", "-q")
	run(t, dir, "add", ".")
	run(t, dir, "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false", "commit", "-qm", "first", "--no-verify")
}

func run(t *testing.T, dir string, args ...string) {
	t.Helper()
	if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}
