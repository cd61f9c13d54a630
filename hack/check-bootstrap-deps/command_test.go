package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const expected = "../../manifests/bootstrap-kit/expected-bootstrap-deps.yaml"

// asCommand makes this test binary the command itself.
const asCommand = "CHECK_BOOTSTRAP_DEPS_IS_THE_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// outcome is what a process of the command has left.
type outcome struct {
	code           int
	stdout, stderr string
}

// faults are the lines of stderr that are neither information nor the closing line.
func (o outcome) faults() []string {
	var all []string
	for line := range strings.Lines(o.stderr) {
		if !strings.HasPrefix(line, "deferred: ") && !strings.HasPrefix(line, "check-bootstrap-deps: ") {
			all = append(all, strings.TrimSpace(line))
		}
	}
	return all
}

func command(t *testing.T, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := exec.CommandContext(t.Context(), os.Args[0], args...) //nolint:gosec // ourselves
	c.Env = append(os.Environ(), asCommand+"=1")
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	return outcome{c.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// kitDir is a kit on disk: 48 slots as they are declared, in files like those of the
// field, and the list beside them.
type kitDir struct {
	t   *testing.T
	dir string
}

func writeKit(t *testing.T) kitDir {
	t.Helper()
	text, err := os.ReadFile(expected)
	if err != nil {
		t.Fatal(err)
	}
	all, err := parseList(expected, text)
	if err != nil {
		t.Fatal(err)
	}
	k := kitDir{t, t.TempDir()}
	k.write("expected.yaml", string(text))
	k.write("kustomization.yaml", "kind: Kustomization\nresources: []\n")
	for _, s := range all.slots[:48] {
		k.write(fmt.Sprintf("%02d-%s.yaml", s.number, strings.TrimPrefix(s.name, "bp-")), slotText(s))
	}
	return k
}

// slotText is a slot file with what such files have: a Namespace, a repository,
// variables, a HelmRelease.
func slotText(s slot) string {
	var b strings.Builder
	name := strings.TrimPrefix(s.name, "bp-")
	fmt.Fprintf(&b, "# Slot %d\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: %s, labels: {fqdn: ${SOVEREIGN_FQDN}}}\n", s.number, name)
	fmt.Fprintf(&b, "---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {name: %s}\nspec: {url: oci://${REGISTRY:=ghcr.io}/x}\n", s.name)
	fmt.Fprintf(&b, "---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: %s\n  namespace: flux-system\nspec:\n  interval: 15m\n", s.name)
	if len(s.dependsOn) > 0 {
		b.WriteString("  dependsOn:\n")
	}
	for _, d := range s.dependsOn {
		fmt.Fprintf(&b, "  - name: %s\n", d)
	}
	fmt.Fprintf(&b, "  values:\n    replicas: ${REPLICAS}\n    hosts: [${SOVEREIGN_FQDN}, www.${SOVEREIGN_FQDN}]\n")
	return b.String()
}

func (k kitDir) path(name string) string { return filepath.Join(k.dir, name) }

func (k kitDir) write(name, text string) {
	k.t.Helper()
	if err := os.WriteFile(k.path(name), []byte(text), 0o600); err != nil {
		k.t.Fatal(err)
	}
}

// edit replaces a text that must be there.
func (k kitDir) edit(name, before, after string) {
	k.t.Helper()
	text, err := os.ReadFile(k.path(name))
	if err != nil || !strings.Contains(string(text), before) {
		k.t.Fatalf("%s has no %q: %v", name, before, err)
	}
	k.write(name, strings.Replace(string(text), before, after, 1))
}

func (k kitDir) remove(name string) {
	if err := os.Remove(k.path(name)); err != nil {
		k.t.Fatal(err)
	}
}

func (k kitDir) rename(before, after string) {
	if err := os.Rename(k.path(before), k.path(after)); err != nil {
		k.t.Fatal(err)
	}
}

func (k kitDir) check(args ...string) outcome {
	return command(k.t, append([]string{"--kit", k.dir, "--expected", k.path("expected.yaml")}, args...)...)
}

// relative takes the directory out of the lines, which differs in every run.
func (k kitDir) relative(all []string) []string {
	all = slices.Clone(all)
	for i := range all {
		all[i] = strings.ReplaceAll(all[i], k.dir+"/", "")
	}
	return all
}
