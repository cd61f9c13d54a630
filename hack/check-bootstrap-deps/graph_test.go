package main

import (
	"strings"
	"testing"
)

// different is a kit with every state that a graph shows.
func different() kit {
	k := sample()
	k.files[1].releases = []release{helm("bp-b", "bp-d")}
	k.files = append(k.files, slotFile{path: "09", number: 9, releases: []release{helm(`bp-"x\`)}}, slotFile{path: "05", number: 5, broken: true})
	k.list.slots = append(k.list.slots, slot{5, "bp-e", nil})
	return k
}

func TestWriteText(t *testing.T) {
	var b strings.Builder
	writeText(&b, different())
	want := `  1 present  bp-a
  2 present  bp-b                     <- bp-a (not found), bp-d (not declared)
  3 present  bp-c                     <- bp-a, bp-b
  4 deferred bp-d                     <- bp-c
  5 absent   bp-e
  9 present  bp-"x\
`
	if b.String() != want {
		t.Errorf("%s\nwant\n%s", b.String(), want)
	}
}

func TestWriteDot(t *testing.T) {
	var b strings.Builder
	writeDot(&b, different())
	want := `digraph bootstrap {
  rankdir=LR;
  node [shape=box];
  "bp-a" [label="1 bp-a"];
  "bp-b" [label="2 bp-b"];
  "bp-c" [label="3 bp-c"];
  "bp-d" [label="4 bp-d", style=dashed];
  "bp-e" [label="5 bp-e", style=dashed];
  "bp-\"x\\" [label="9 bp-\"x\\"];
  "bp-b" -> "bp-a" [color=red, label="not found"];
  "bp-b" -> "bp-d" [color=red, label="not declared"];
  "bp-c" -> "bp-a";
  "bp-c" -> "bp-b";
  "bp-d" -> "bp-c";
}
`
	if b.String() != want {
		t.Errorf("%s\nwant\n%s", b.String(), want)
	}
}
