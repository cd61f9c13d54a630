package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestDeferredIsSaid(t *testing.T) {
	k := writeKit(t)
	k.remove("13-catalyst-platform.yaml")
	got := k.check()
	want := "deferred: slot 13 bp-catalyst-platform has no file\n" +
		"deferred: slot 95 bp-stalwart-sovereign has no file\n" +
		"check-bootstrap-deps: 49 slots listed, 2 deferred, 0 faults\n"
	if got.stderr != want || got.code != 0 {
		t.Errorf("exit %d\n%s", got.code, got.stderr)
	}
}

// TestTheGraphIsAlone: stdout can be piped into something, whatever the faults are.
func TestTheGraphIsAlone(t *testing.T) {
	k := writeKit(t)
	k.edit("24-tempo.yaml", "bp-seaweedfs", "bp-flux")
	for kind, begin := range map[string]string{"text": "  1 present  bp-cilium\n  2 present  bp-cert-manager          <- bp-cilium\n", "dot": "digraph bootstrap {\n"} {
		got := k.check("--graph", kind)
		if got.code != 1 || !strings.HasPrefix(got.stdout, begin) || len(got.faults()) != 1 {
			t.Errorf("%s: exit %d\n%s\n%s", kind, got.code, got.stdout, got.stderr)
		}
	}
}

func TestUsage(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 64, "--kit and --expected are needed"},
		{[]string{"--kit", dir}, 64, "are needed"},
		{[]string{"--kit", dir, "--expected", expected, "more"}, 64, `what is "more"?`},
		{[]string{"--kit", dir, "--expected", expected, "--graph", "svg"}, 64, "text or dot"},
		{[]string{"--kit", dir, "--expected", expected, "--graph="}, 64, "text or dot"},
		{[]string{"--kit", dir, "--expected", expected, "--grahp", "dot"}, 64, "not defined"},
		{[]string{"--kit", dir + "/none", "--expected", expected}, 64, "broken: " + dir + "/none: declared: a file that can be read; found: no such file or directory"},
		{[]string{"--kit", dir, "--expected", dir + "/none"}, 64, "broken: " + dir + "/none: "},
		{[]string{"--kit", dir, "--expected", dir}, 64, "found: is a directory"},
		{[]string{"--kit", dir, "--expected", expected}, 0, "49 slots listed, 49 deferred, 0 faults"},
	} {
		if got := command(t, c.args...); got.code != c.code || !strings.Contains(got.stderr, c.want) {
			t.Errorf("%q: exit %d, want %d and %q\n%s", c.args, got.code, c.code, c.want, got.stderr)
		}
	}
	if got := command(t, "-h"); got.code != 0 || !strings.HasPrefix(got.stdout, "usage: ") {
		t.Errorf("-h: exit %d\n%s", got.code, got.stdout)
	}
}

func TestAFileThatMayNotBeRead(t *testing.T) {
	k := writeKit(t)
	k.remove("29-vpa.yaml")
	if err := os.Symlink("nowhere", k.path("29-vpa.yaml")); err != nil {
		t.Fatal(err)
	}
	want := []string{"broken: 29-vpa.yaml: declared: a file that can be read; found: no such file or directory"}
	if got := k.check(); got.code != 64 || !slices.Equal(k.relative(got.faults()), want) {
		t.Errorf("exit %d\n%s", got.code, got.stderr)
	}
}
