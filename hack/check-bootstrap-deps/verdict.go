package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// kit is everything that is compared: what is declared, and what was found.
type kit struct {
	list    list
	files   []slotFile
	skipped []string // files that are almost slot files
}

// place is a HelmRelease and where it was found.
type place struct {
	release
	file slotFile
}

// places gives every HelmRelease of the kit by its name.
func (k kit) places() map[string][]place {
	all := map[string][]place{}
	for _, f := range k.files {
		for _, r := range f.releases {
			all[r.name] = append(all[r.name], place{r, f})
		}
	}
	return all
}

// numbered gives the files of a number.
func (k kit) numbered(n int) []slotFile {
	return slices.Collect(func(yield func(slotFile) bool) {
		for _, f := range k.files {
			if f.number == n && !yield(f) {
				return
			}
		}
	})
}

// deferred gives the slots that have no file yet, under their number or another.
func deferred(k kit) []slot {
	var all []slot
	places := k.places()
	for _, s := range k.list.slots {
		if len(places[s.name]) == 0 && len(k.numbered(s.number)) == 0 {
			all = append(all, s)
		}
	}
	return all
}

// compare finds drift and unknown names. Cycles are found in the graph.
func compare(k kit) []fault {
	all := k.list.dangling()
	places := k.places()
	for _, name := range slices.Sorted(maps.Keys(places)) {
		if found := places[name]; len(found) > 1 {
			all = append(all, twice(found))
		}
		for _, p := range places[name] {
			all = append(all, k.judge(p, places)...)
		}
	}
	for _, s := range k.list.slots {
		if len(places[s.name]) == 0 {
			all = append(all, k.absent(s)...)
		}
	}
	return all
}

// dangling are the names that the list itself uses and does not list.
func (l list) dangling() []fault {
	var all []fault
	for _, s := range l.slots {
		for _, d := range s.dependsOn {
			if _, ok := l.named(d); !ok {
				all = append(all, fault{unknown, l.path, s.name, "depends_on " + d, "no slot of that name"})
			}
		}
	}
	return all
}

// twice is a name of more than one HelmRelease, of which the list knows one.
func twice(places []place) fault {
	var files []string
	for _, p := range places {
		files = append(files, p.file.path)
	}
	return fault{drift, files[0], places[0].name, "one HelmRelease", fmt.Sprintf("%d, in %s", len(files), strings.Join(files, ", "))}
}

// judge compares one HelmRelease with its line of the list.
func (k kit) judge(p place, places map[string][]place) []fault {
	all := k.unlistedTargets(p, places)
	s, ok := k.list.named(p.name)
	if !ok {
		return append(all, fault{unknown, p.file.path, p.name, k.list.about(p.file.number), "a HelmRelease that is not listed"})
	}
	if s.number != p.file.number {
		all = append(all, fault{drift, p.file.path, p.name, fmt.Sprintf("slot %d", s.number), fmt.Sprintf("slot %d", p.file.number)})
	}
	if want, got := set(s.dependsOn), targets(p.release, places); !slices.Equal(want, got) {
		all = append(all, fault{drift, p.file.path, p.name, "dependsOn " + listed(want), "dependsOn " + listed(got)})
	}
	return all
}

// about says what the list has for the number of a file.
func (l list) about(n int) string {
	if s, ok := l.numbered(n); ok {
		return fmt.Sprintf("slot %d is %s", n, s.name)
	}
	return fmt.Sprintf("no slot %d", n)
}

func (k kit) unlistedTargets(p place, places map[string][]place) []fault {
	var all []fault
	for _, t := range targets(p.release, places) {
		if _, ok := k.list.named(t); !ok {
			all = append(all, fault{unknown, p.file.path, p.name, "no slot " + t, "dependsOn " + t})
		}
	}
	return all
}

// targets are the names that a HelmRelease waits for. A reference into a namespace
// where the kit has no HelmRelease of that name keeps its namespace, and so is none
// of the listed names: Flux would wait for it for ever. Of a deferred slot nobody
// knows the namespace.
func targets(r release, places map[string][]place) []string {
	var all []string
	for _, d := range r.dependsOn {
		name, namespace := d.Name, d.Namespace
		if namespace == "" {
			namespace = r.namespace
		}
		there := places[name]
		if len(there) > 0 && !slices.ContainsFunc(there, func(p place) bool { return p.namespace == namespace }) {
			name = namespace + "/" + name
		}
		all = append(all, name)
	}
	return set(all)
}

// absent judges a slot whose HelmRelease is nowhere: it is deferred where no file has
// its number, and nothing is known where such a file is broken.
func (k kit) absent(s slot) []fault {
	var all []fault
	for _, f := range k.numbered(s.number) {
		if f.broken {
			return nil
		}
		found := "no HelmRelease"
		if len(f.releases) > 0 {
			found = "not that one"
		}
		all = append(all, fault{drift, f.path, s.name, fmt.Sprintf("slot %d has HelmRelease %s", s.number, s.name), found})
	}
	return all
}

// set is names sorted, each once.
func set(names []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
