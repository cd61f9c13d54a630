package main

import (
	"os"
	"strings"
	"testing"
)

// TestTable: every row has a name of its own, does something, and is described in
// docs/reliability.md.
func TestTable(t *testing.T) {
	text, err := os.ReadFile("../../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	rows, short := table(), 0
	seen := map[string]bool{}
	for _, r := range rows {
		if seen[r.name()] {
			t.Errorf("two rows are called %q", r.name())
		}
		seen[r.name()] = true
		if !strings.Contains(string(text), "| "+r.target+" | "+r.fault+" |") {
			t.Errorf("docs/reliability.md has no line | %s | %s |", r.target, r.fault)
		}
		if r.inProcess == nil && r.arm == nil && r.mend == nil {
			t.Errorf("%q does nothing", r.name())
		}
		if !r.long {
			short++
		}
	}
	if len(rows) < 25 || short < 25 {
		t.Errorf("only %d rows, %d of them in the short walk", len(rows), short)
	}
}

// TestMissedIsNotRed, and what is not healed is not missed.
func TestMissedIsNotRed(t *testing.T) {
	late := result{Healed: true, HealMS: 2001, goal: afterPort}
	p := &report{part: true, rows: []result{late, {HealMS: 1 << 20, goal: afterPort, bad: nil}}}
	if !late.missed() || p.rows[1].missed() {
		t.Error("missed is wrong")
	}
	if err := p.close(0); err != nil {
		t.Errorf("late is red: %v", err)
	}
	p.rows[1].bad = []string{"not healed"}
	if err := p.close(0); err == nil {
		t.Error("a red row is not red")
	}
}
