package watcher

import (
	"maps"
	"slices"
)

// Source is the name of a reason to look, for example "secret/submission".
type Source string

// Routes says which targets a source wakes. It is a literal in the wiring, and
// the only place that knows who follows whom.
type Routes map[Source][]Target

// Targets lists every target that some source wakes, sorted.
func (r Routes) Targets() []Target {
	all := slices.Concat(slices.Collect(maps.Values(r))...)
	slices.Sort(all)
	return slices.Compact(all)
}
