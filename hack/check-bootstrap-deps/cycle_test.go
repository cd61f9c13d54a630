package main

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// graph reads "a>b" as a declared edge and "a>>b" as one that was found in file a.
func graph(text string) []edge {
	var all []edge
	for e := range strings.FieldsSeq(text) {
		if from, to, ok := strings.Cut(e, ">>"); ok {
			all = append(all, edge{from: from, to: to, found: []string{from + ".yaml"}})
			continue
		}
		from, to, _ := strings.Cut(e, ">")
		all = append(all, edge{from: from, to: to, declared: "list"})
	}
	return all
}

func TestCycles(t *testing.T) {
	for _, c := range []struct {
		graph string
		want  []string
	}{
		{"", nil},
		{"b>a c>a c>b d>c", nil},
		{"a>a", []string{"cycle: list: a -> a: declared: a -> a; found: none"}},
		{"a>>a", []string{"cycle: a.yaml: a -> a: declared: none; found: a -> a in a.yaml"}},
		{"a>b b>>a", []string{"cycle: b.yaml: a -> b -> a: declared: a -> b; found: b -> a in b.yaml"}},
		{"c>a b>c a>b x>a", []string{"cycle: list: a -> b -> c -> a: declared: a -> b, b -> c, c -> a; found: none"}},
		{"a>b b>a c>d d>c", []string{"cycle: list: a -> b -> a: declared: a -> b, b -> a; found: none", "cycle: list: c -> d -> c: declared: c -> d, d -> c; found: none"}},
		{"a>b b>a b>c c>a", []string{"cycle: list: a -> b -> a: declared: a -> b, b -> a; found: none", "cycle: list: a -> b -> c -> a: declared: a -> b, b -> c, c -> a; found: none"}},
	} {
		if got := lines(cycles(graph(c.graph))); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", c.graph, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

// TestCyclesAreWhatCannotBeOrdered compares with another algorithm: a cycle is found
// exactly where taking away, again and again, what waits for nothing leaves a rest.
func TestCyclesAreWhatCannotBeOrdered(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"a", "b", "c", "d", "e", "f", "g"}
		name := rapid.SampledFrom(names)
		var all []edge
		for range rapid.IntRange(0, 14).Draw(t, "edges") {
			all = append(all, edge{from: name.Draw(t, "from"), to: name.Draw(t, "to"), declared: "list"})
		}
		rest := all
		for before := -1; before != len(rest); {
			before = len(rest)
			rest = slices.DeleteFunc(slices.Clone(rest), func(e edge) bool {
				return !slices.ContainsFunc(rest, func(o edge) bool { return o.from == e.to })
			})
		}
		if got := cycles(all); (len(got) > 0) != (len(rest) > 0) {
			t.Fatalf("%v: found %v, and %v cannot be ordered", all, got, rest)
		}
	})
}

func TestEdgesJoinBothSides(t *testing.T) {
	k := sample()
	k.files[0].releases = []release{helm("bp-a", "bp-d")} // bp-d is deferred and waits for bp-c
	got := lines(cycles(edges(k)))
	want := "cycle: 01: bp-a -> bp-d -> bp-c -> bp-a: declared: bp-d -> bp-c, bp-c -> bp-a; found: bp-a -> bp-d in 01, bp-c -> bp-a in 03"
	if !slices.Contains(got, want) {
		t.Errorf("%s\nwant among them\n%s", strings.Join(got, "\n"), want)
	}
	k.files[0].releases = []release{helm("bp-a", "web/bp-a")}
	if got := cycles(edges(k)); got != nil {
		t.Errorf("a name in another namespace is another name: %v", got)
	}
}
