package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// node is a name of the graph.
type node struct {
	number int
	name   string
	state  string
}

// What is known of a name. Absent is neither: its file has another HelmRelease, or is
// broken.
const (
	isPresent  = "present"
	isDeferred = "deferred"
	isAbsent   = "absent"
)

// nodes gives every slot, and every HelmRelease that is not listed, in the order of
// their numbers.
func nodes(k kit) []node {
	all := map[string]node{}
	places := k.places()
	for name, found := range places {
		all[name] = node{found[0].file.number, name, isPresent}
	}
	for _, s := range k.list.slots {
		state := isAbsent
		if len(places[s.name]) > 0 {
			state = isPresent
		}
		all[s.name] = node{s.number, s.name, state}
	}
	for _, s := range deferred(k) {
		all[s.name] = node{s.number, s.name, isDeferred}
	}
	return slices.SortedFunc(maps.Values(all), func(a, b node) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.name, b.name))
	})
}

// remark says on which side an edge is missing. Of a slot without a file nothing is
// found, and nothing is amiss.
func remark(e edge, from node) string {
	switch {
	case e.declared == "":
		return "not declared"
	case len(e.found) == 0 && from.state == isPresent:
		return "not found"
	}
	return ""
}

// writeText draws one line for every slot.
func writeText(w io.Writer, k kit) {
	all := edges(k)
	for _, n := range nodes(k) {
		line := fmt.Sprintf("%3d %-8s %-24s", n.number, n.state, n.name)
		if waits := waitsFor(n, all); len(waits) > 0 {
			line += " <- " + strings.Join(waits, ", ")
		}
		_, _ = fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

func waitsFor(n node, all []edge) []string {
	var waits []string
	for _, e := range all {
		if e.from != n.name {
			continue
		}
		text := e.to
		if r := remark(e, n); r != "" {
			text += " (" + r + ")"
		}
		waits = append(waits, text)
	}
	return waits
}

// writeDot draws for Graphviz: dashed is what has no file, red where both sides differ.
func writeDot(w io.Writer, k kit) {
	byName := map[string]node{}
	_, _ = fmt.Fprint(w, "digraph bootstrap {\n  rankdir=LR;\n  node [shape=box];\n")
	for _, n := range nodes(k) {
		byName[n.name] = n
		style := ""
		if n.state != isPresent {
			style = ", style=dashed"
		}
		_, _ = fmt.Fprintf(w, "  %s [label=%s%s];\n", quoted(n.name), quoted(fmt.Sprintf("%d %s", n.number, n.name)), style)
	}
	for _, e := range edges(k) {
		attributes := ""
		if r := remark(e, byName[e.from]); r != "" {
			attributes = fmt.Sprintf(" [color=red, label=%s]", quoted(r))
		}
		_, _ = fmt.Fprintf(w, "  %s -> %s%s;\n", quoted(e.from), quoted(e.to), attributes)
	}
	_, _ = fmt.Fprintln(w, "}")
}

// quoted is a string of DOT. A backslash at its end would take the quote away.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
