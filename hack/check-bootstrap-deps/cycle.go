package main

import (
	"fmt"
	"slices"
	"strings"
)

// cycles finds, for every edge that is part of one, a shortest cycle through it; one
// cycle is found once for each of its edges. There may be far more cycles than edges,
// too many to print; these show every edge that one may have to cut.
func cycles(all []edge) []fault {
	next := map[string][]edge{}
	for _, e := range all {
		next[e.from] = append(next[e.from], e)
	}
	var faults []fault
	for _, e := range all {
		if back, ok := shortest(next, e.to, e.from); ok {
			faults = append(faults, circular(turned(append([]edge{e}, back...))))
		}
	}
	return faults
}

// shortest gives the edges of a shortest way; none when it begins where it ends.
func shortest(next map[string][]edge, from, to string) ([]edge, bool) {
	reachedBy := map[string]edge{}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		if queue[0] == to {
			return walked(reachedBy, from, to), true
		}
		for _, e := range next[queue[0]] {
			if _, seen := reachedBy[e.to]; !seen {
				reachedBy[e.to] = e
				queue = append(queue, e.to)
			}
		}
	}
	return nil, false
}

func walked(reachedBy map[string]edge, from, to string) []edge {
	var way []edge
	for at := to; at != from; at = reachedBy[at].from {
		way = append(way, reachedBy[at])
	}
	slices.Reverse(way)
	return way
}

// turned begins a cycle at its first name, so that one cycle is always said in one way.
func turned(around []edge) []edge {
	first := 0
	for i, e := range around {
		if e.from < around[first].from {
			first = i
		}
	}
	return append(slices.Clone(around[first:]), around[:first]...)
}

// circular says a cycle, and where each of its edges comes from. The fault is put into
// a slot file where there is one.
func circular(around []edge) fault {
	names := []string{around[0].from}
	var files, lists, declared, found []string
	for _, e := range around {
		names = append(names, e.to)
		files = append(files, e.found...)
		if e.declared != "" {
			declared = append(declared, e.String())
			lists = append(lists, e.declared)
		}
		for _, file := range e.found {
			found = append(found, fmt.Sprintf("%v in %s", e, file))
		}
	}
	return fault{cycle, append(files, lists...)[0], strings.Join(names, " -> "), listed(declared), listed(found)}
}
