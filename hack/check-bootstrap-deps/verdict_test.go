package main

import (
	"slices"
	"strings"
	"testing"
)

// sample is three slots: b waits for a, c for a and b. d is deferred.
func sample() kit {
	return kit{
		list: list{"list", []slot{{1, "bp-a", nil}, {2, "bp-b", []string{"bp-a"}}, {3, "bp-c", []string{"bp-a", "bp-b"}}, {4, "bp-d", []string{"bp-c"}}}},
		files: []slotFile{
			{path: "01", number: 1, releases: []release{helm("bp-a")}},
			{path: "02", number: 2, releases: []release{helm("bp-b", "bp-a")}},
			{path: "03", number: 3, releases: []release{helm("bp-c", "bp-b", "bp-a")}},
		},
	}
}

func helm(name string, dependsOn ...string) release {
	r := release{namespace: "flux-system", name: name}
	for _, d := range dependsOn {
		ref := reference{Name: d}
		if namespace, name, ok := strings.Cut(d, "/"); ok {
			ref = reference{name, namespace}
		}
		r.dependsOn = append(r.dependsOn, ref)
	}
	return r
}

// replace puts other HelmReleases into the second file.
func replace(r ...release) func(*kit) { return func(k *kit) { k.files[1].releases = r } }

func TestCompare(t *testing.T) {
	const (
		none   = "none"
		bDrift = "drift: 02: bp-b: declared: dependsOn bp-a; found: dependsOn "
	)
	for _, c := range []struct {
		what   string
		change func(*kit)
		want   []string
	}{
		{"as declared", func(*kit) {}, nil},
		{"an edge less", replace(helm("bp-b")), []string{bDrift + none}},
		{"an edge more", replace(helm("bp-b", "bp-d", "bp-a")), []string{bDrift + "bp-a, bp-d"}},
		{"another edge", replace(helm("bp-b", "bp-d")), []string{bDrift + "bp-d"}},
		{"an edge twice", replace(helm("bp-b", "bp-a", "bp-a")), nil},
		{"the namespace written out", replace(helm("bp-b", "flux-system/bp-a")), nil},
		{"the namespace of another", replace(helm("bp-b", "web/bp-a")), []string{bDrift + "web/bp-a", "unknown name: 02: bp-b: declared: no slot web/bp-a; found: dependsOn web/bp-a"}},
		{"any namespace of a deferred slot", func(k *kit) {
			k.list.slots[1].dependsOn = []string{"bp-d"}
			replace(helm("bp-b", "web/bp-d"))(k)
		}, nil},
		{"a target that nothing declares", replace(helm("bp-b", "bp-a", "bp-x")), []string{bDrift + "bp-a, bp-x", "unknown name: 02: bp-b: declared: no slot bp-x; found: dependsOn bp-x"}},
		{"a variable as target", replace(helm("bp-b", "${A}")), []string{bDrift + "${A}", "unknown name: 02: bp-b: declared: no slot ${A}; found: dependsOn ${A}"}},
		{"the list names what it does not list", func(k *kit) { k.list.slots[3].dependsOn = []string{"bp-x"} }, []string{"unknown name: list: bp-d: declared: depends_on bp-x; found: no slot of that name"}},
		{"a HelmRelease that is not listed", replace(helm("bp-b", "bp-a"), helm("bp-x")), []string{"unknown name: 02: bp-x: declared: slot 2 is bp-b; found: a HelmRelease that is not listed"}},
		{"a file that is not listed", func(k *kit) {
			k.files = append(k.files, slotFile{path: "99", number: 99, releases: []release{helm("bp-x", "bp-y")}})
		}, []string{"unknown name: 99: bp-x: declared: no slot 99; found: a HelmRelease that is not listed", "unknown name: 99: bp-x: declared: no slot bp-y; found: dependsOn bp-y"}},
		{"instead of the listed one", replace(helm("bp-x")), []string{
			"drift: 02: bp-b: declared: slot 2 has HelmRelease bp-b; found: not that one",
			"unknown name: 02: bp-x: declared: slot 2 is bp-b; found: a HelmRelease that is not listed"}},
		{"a file without a HelmRelease", replace(), []string{"drift: 02: bp-b: declared: slot 2 has HelmRelease bp-b; found: no HelmRelease"}},
		{"a second file of a number, without a HelmRelease", func(k *kit) { k.files = append(k.files, slotFile{path: "02-more", number: 2}) }, nil},
		{"a number that is not listed, without a HelmRelease", func(k *kit) { k.files = append(k.files, slotFile{path: "00", number: 0}) }, nil},
		{"another number", func(k *kit) { k.files[1].number = 7 }, []string{"drift: 02: bp-b: declared: slot 2; found: slot 7"}},
		{"the number of a deferred slot", func(k *kit) { k.files[1].number = 4 }, []string{
			"drift: 02: bp-b: declared: slot 2; found: slot 4",
			"drift: 02: bp-d: declared: slot 4 has HelmRelease bp-d; found: not that one"}},
		{"a name twice", func(k *kit) {
			k.files = append(k.files, slotFile{path: "02-too", number: 2, releases: []release{helm("bp-b")}})
		}, []string{
			"drift: 02: bp-b: declared: one HelmRelease; found: 2, in 02, 02-too",
			"drift: 02-too: bp-b: declared: dependsOn bp-a; found: dependsOn none"}},
		{"two slots in one file", func(k *kit) { replace(helm("bp-b", "bp-a"), helm("bp-d", "bp-c"))(k) }, []string{"drift: 02: bp-d: declared: slot 4; found: slot 2"}},
		{"a broken file", func(k *kit) { replace()(k); k.files[1].broken = true }, nil},
		{"a file less", func(k *kit) { k.files = slices.Delete(k.files, 1, 2) }, nil},
	} {
		k := sample()
		c.change(&k)
		if got := lines(compare(k)); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", c.what, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

func lines(faults []fault) []string {
	var all []string
	for _, f := range sorted(faults) {
		all = append(all, f.String())
	}
	return all
}

func TestDeferred(t *testing.T) {
	k := sample()
	if got := deferred(k); len(got) != 1 || got[0].name != "bp-d" {
		t.Errorf("%v", got)
	}
	k.files[1].number = 4 // has a file of its number, so it is drift
	k.files[2].broken, k.files[2].releases = true, nil
	if got := deferred(k); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestSortedSaysNothingTwice(t *testing.T) {
	a, b := fault{drift, "02", "x", "1", "2"}, fault{cycle, "01", "x", "1", "2"}
	if got := sorted([]fault{a, b, a}); !slices.Equal(got, []fault{b, a}) {
		t.Errorf("%v", got)
	}
	if worst([]fault{a, b, a}) != cycle || worst(nil) != fine {
		t.Error("the highest does not win")
	}
}
