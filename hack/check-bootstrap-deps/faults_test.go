package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// row is a fault that is made in a kit of 48 slots, and what the command answers.
type row struct {
	what string
	make func(kitDir)
	code int
	want []string
}

func walk(t *testing.T, rows []row) {
	for _, c := range rows {
		t.Run(c.what, func(t *testing.T) {
			k := writeKit(t)
			c.make(k)
			got := k.check()
			if got.code != c.code || !slices.Equal(k.relative(got.faults()), c.want) || got.stdout != "" {
				t.Errorf("exit %d, want %d; stdout %q\n%s\nwant\n%s", got.code, c.code, got.stdout, strings.Join(k.relative(got.faults()), "\n"), strings.Join(c.want, "\n"))
			}
			if again := k.check(); again != got {
				t.Errorf("another run says something else:\n%s\n%s", got.stderr, again.stderr)
			}
		})
	}
}

// bare is a file with nothing but a HelmRelease.
func bare(name string) string {
	return "---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: " + name + ", namespace: flux-system}\n"
}

func TestDriftOfAKit(t *testing.T) {
	walk(t, []row{
		{"none", func(kitDir) {}, 0, nil},
		{"slots are deferred", func(k kitDir) { k.remove("13-catalyst-platform.yaml"); k.remove("25-grafana.yaml") }, 0, nil},
		{"an edge less", func(k kitDir) { k.edit("12-external-dns.yaml", "  - name: bp-powerdns\n", "") }, 1,
			[]string{"drift: 12-external-dns.yaml: bp-external-dns: declared: dependsOn bp-cert-manager, bp-powerdns; found: dependsOn bp-cert-manager"}},
		{"an edge more", func(k kitDir) {
			k.edit("28-reloader.yaml", "  values:", "  dependsOn: [{name: bp-flux, namespace: flux-system}]\n  values:")
		}, 1,
			[]string{"drift: 28-reloader.yaml: bp-reloader: declared: dependsOn none; found: dependsOn bp-flux"}},
		{"an edge of the list more", func(k kitDir) {
			k.edit("expected.yaml", "name: bp-vpa, depends_on: []", "name: bp-vpa, depends_on: [bp-flux]")
		}, 1,
			[]string{"drift: 29-vpa.yaml: bp-vpa: declared: dependsOn bp-flux; found: dependsOn none"}},
		{"another number", func(k kitDir) { k.rename("29-vpa.yaml", "60-vpa.yaml") }, 1,
			[]string{"drift: 60-vpa.yaml: bp-vpa: declared: slot 29; found: slot 60"}},
		{"an empty file", func(k kitDir) { k.write("29-vpa.yaml", "") }, 1,
			[]string{"drift: 29-vpa.yaml: bp-vpa: declared: slot 29 has HelmRelease bp-vpa; found: no HelmRelease"}},
		{"a copy", func(k kitDir) { k.write("29-vpa-copy.yaml", bare("bp-vpa")) }, 1,
			[]string{"drift: 29-vpa-copy.yaml: bp-vpa: declared: one HelmRelease; found: 2, in 29-vpa-copy.yaml, 29-vpa.yaml"}},
	})
}

func TestUnknownNamesAndCyclesOfAKit(t *testing.T) {
	walk(t, []row{
		{"a dependsOn that no slot declares", func(k kitDir) { k.edit("24-tempo.yaml", "bp-seaweedfs", "bp-seaweed") }, 2, []string{
			"drift: 24-tempo.yaml: bp-tempo: declared: dependsOn bp-seaweedfs; found: dependsOn bp-seaweed",
			"unknown name: 24-tempo.yaml: bp-tempo: declared: no slot bp-seaweed; found: dependsOn bp-seaweed"}},
		{"a HelmRelease that is not listed", func(k kitDir) { k.write("49-new.yaml", bare("bp-new")) }, 2,
			[]string{"unknown name: 49-new.yaml: bp-new: declared: no slot 49; found: a HelmRelease that is not listed"}},
		{"the list uses a name that it does not list", func(k kitDir) { k.edit("expected.yaml", "[bp-cert-manager, bp-catalyst-platform]", "[bp-nobody]") }, 2,
			[]string{"unknown name: expected.yaml: bp-stalwart-sovereign: declared: depends_on bp-nobody; found: no slot of that name"}},
		{"a cycle that both sides agree on", func(k kitDir) {
			k.edit("expected.yaml", "name: bp-spire, depends_on: [bp-cert-manager]", "name: bp-spire, depends_on: [bp-openbao]")
			k.edit("06-spire.yaml", "- name: bp-cert-manager", "- name: bp-openbao")
		}, 3, []string{"cycle: 08-openbao.yaml: bp-openbao -> bp-spire -> bp-openbao: declared: bp-openbao -> bp-spire, bp-spire -> bp-openbao; found: bp-openbao -> bp-spire in 08-openbao.yaml, bp-spire -> bp-openbao in 06-spire.yaml"}},
		{"a cycle of one edge of the list and one of a file", func(k kitDir) {
			k.remove("48-librechat.yaml")
			k.edit("39-vllm.yaml", "  dependsOn:\n", "  dependsOn:\n  - name: bp-librechat\n")
		}, 3, []string{
			"drift: 39-vllm.yaml: bp-vllm: declared: dependsOn bp-kserve; found: dependsOn bp-kserve, bp-librechat",
			"cycle: 39-vllm.yaml: bp-librechat -> bp-vllm -> bp-librechat: declared: bp-librechat -> bp-vllm; found: bp-vllm -> bp-librechat in 39-vllm.yaml"}},
		{"it waits for itself", func(k kitDir) {
			k.edit("29-vpa.yaml", "  values:", "  dependsOn: [{name: bp-vpa}]\n  values:")
		}, 3, []string{
			"drift: 29-vpa.yaml: bp-vpa: declared: dependsOn none; found: dependsOn bp-vpa",
			"cycle: 29-vpa.yaml: bp-vpa -> bp-vpa: declared: none; found: bp-vpa -> bp-vpa in 29-vpa.yaml"}},
	})
}

func TestBrokenFilesAndAllAtOnce(t *testing.T) {
	walk(t, []row{
		{"a broken file, and drift in another", func(k kitDir) {
			k.write("29-vpa.yaml", "kind: [\n")
			k.edit("24-tempo.yaml", "bp-seaweedfs", "bp-flux")
		}, 64, []string{
			"drift: 24-tempo.yaml: bp-tempo: declared: dependsOn bp-seaweedfs; found: dependsOn bp-flux",
			"broken: 29-vpa.yaml: declared: a file that can be read; found: yaml: line 1: did not find expected node content"}},
		{"a list that says two things of a slot, and of a name", func(k kitDir) {
			k.edit("expected.yaml", "slot: 29, name: bp-vpa", "slot: 28, name: bp-cilium")
		}, 64, []string{
			"broken: expected.yaml: declared: a file that can be read; found: bp-cilium is both slot 1 and slot 28",
			"broken: expected.yaml: declared: a file that can be read; found: slot 28 is both bp-reloader and bp-cilium"}},
		{"a directory", func(k kitDir) {
			if err := os.Mkdir(k.path("98-directory.yaml"), 0o700); err != nil {
				t.Fatal(err)
			}
		}, 0, nil},
		{"a name that is almost one of a slot file", func(k kitDir) { k.write("7-seven.yaml", "") }, 0,
			[]string{"skipped: 7-seven.yaml: a slot file is called NN-name.yaml"}},
		{"everything at once: all is printed, the highest wins", func(k kitDir) {
			k.edit("29-vpa.yaml", "  values:", "  dependsOn: [{name: bp-vpa}]\n  values:")
			k.write("49-new.yaml", bare("bp-new"))
			k.edit("12-external-dns.yaml", "  - name: bp-powerdns\n", "")
		}, 3, []string{
			"drift: 12-external-dns.yaml: bp-external-dns: declared: dependsOn bp-cert-manager, bp-powerdns; found: dependsOn bp-cert-manager",
			"drift: 29-vpa.yaml: bp-vpa: declared: dependsOn none; found: dependsOn bp-vpa",
			"cycle: 29-vpa.yaml: bp-vpa -> bp-vpa: declared: none; found: bp-vpa -> bp-vpa in 29-vpa.yaml",
			"unknown name: 49-new.yaml: bp-new: declared: no slot 49; found: a HelmRelease that is not listed"}},
	})
}
