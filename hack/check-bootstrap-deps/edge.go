package main

import (
	"cmp"
	"maps"
	"slices"
)

// edge is one HelmRelease that waits for another.
type edge struct {
	from, to string
	declared string   // the list, or ""
	found    []string // the files
}

func (e edge) String() string { return e.from + " -> " + e.to }

// edges gives what is declared and what was found as one graph, in order. Together,
// because a cycle may need both: a slot that is deferred today brings its edges
// tomorrow.
func edges(k kit) []edge {
	all := map[[2]string]edge{}
	for _, s := range k.list.slots {
		for _, to := range s.dependsOn {
			all[[2]string{s.name, to}] = edge{from: s.name, to: to, declared: k.list.path}
		}
	}
	places := k.places()
	for from, found := range places {
		for _, p := range found {
			for _, to := range targets(p.release, places) {
				e := all[[2]string{from, to}]
				all[[2]string{from, to}] = edge{from, to, e.declared, append(e.found, p.file.path)}
			}
		}
	}
	return slices.SortedFunc(maps.Values(all), func(a, b edge) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
}
