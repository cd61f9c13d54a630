package rollout

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestDecide(t *testing.T) {
	at := func(generations ...int64) []Pod {
		var all []Pod
		for i, g := range generations {
			all = append(all, Pod{Name: "pod-" + string(rune('a'+i)), Generation: g})
		}
		return all
	}
	rows := []struct {
		name    string
		o       Observed
		action  Action
		running int64
		says    string
	}{
		{"nothing is proven yet", Observed{Found: true, Complete: true, Pods: at(0)}, Nothing, 0, ""},
		{"there is no such workload", Observed{Wanted: 2}, Absent, 2, "does not exist"},
		{"the mirror is behind", Observed{Wanted: 2, Found: true, Annotated: 1, Complete: true, Pods: at(1)}, Wait, 1, ""},
		{"the rendered secret is behind", Observed{Wanted: 2, Mirrored: true, Found: true, Annotated: 1, Complete: true, Pods: at(1)}, Render, 1, "bytes"},
		{"it is rolled", Observed{Wanted: 2, Mirrored: true, Rendered: true, Found: true, Annotated: 1, Complete: true, Pods: at(1, 1)}, Roll, 1, "generation 2"},
		{"one that was never rolled", Observed{Wanted: 1, Mirrored: true, Rendered: true, Found: true, Complete: true, Pods: at(0)}, Roll, 0, "generation 1"},
		{"a rollout is under way", Observed{Wanted: 2, Mirrored: true, Rendered: true, Found: true, Annotated: 2, Pods: at(2, 1)}, Watch, 1, ""},
		{"an old Pod takes its time to end", Observed{Wanted: 2, Mirrored: true, Rendered: true, Found: true, Annotated: 2, Complete: true, Pods: at(2, 1)}, Watch, 1, ""},
		{"the status is not there yet", Observed{Wanted: 2, Mirrored: true, Rendered: true, Found: true, Annotated: 2, Pods: at(2)}, Watch, 1, ""},
		{"it takes too long", Observed{Wanted: 2, Mirrored: true, Rendered: true, Found: true, Annotated: 2, Pods: at(2, 1, 1), InProgress: time.Hour}, Late, 1, "pod-b, pod-c"},
		{"it has rolled", Observed{Wanted: 2, Mirrored: true, Rendered: true, Found: true, Annotated: 2, Complete: true, Pods: at(2, 2)}, Nothing, 2, ""},
		{"scaled to nothing", Observed{Wanted: 2, Mirrored: true, Rendered: true, Found: true, Annotated: 2, Complete: true}, Nothing, 2, ""},
		{"it renders, and is asked before it has", Observed{Wanted: 2, Mirrored: true, Renders: true, Found: true, Annotated: 1, Complete: true}, Roll, 0, "generation 2"},
		{"it renders, and the mirror is behind", Observed{Wanted: 2, Rendered: true, Renders: true, Found: true, Annotated: 1, Complete: true}, Wait, 1, ""},
		{"it renders", Observed{Wanted: 2, Mirrored: true, Rendered: true, Renders: true, Found: true, Annotated: 2, Why: "why"}, Watch, 0, ""},
		{"it renders, and nothing is proven", Observed{Rendered: true, Renders: true, Found: true, Annotated: 2}, Nothing, 0, ""},
		{"it says it has, and has not", Observed{Wanted: 2, Mirrored: true, Renders: true, Found: true, Annotated: 2, Complete: true, InProgress: time.Hour}, Late, 0, "1m0s: the secret"},
		{"it cannot", Observed{Wanted: 2, Mirrored: true, Rendered: true, Renders: true, Found: true, Annotated: 2, Why: "why", InProgress: time.Hour}, Late, 0, "1m0s: why"},
		{"it has rendered", Observed{Wanted: 2, Mirrored: true, Rendered: true, Renders: true, Found: true, Annotated: 2, Complete: true}, Nothing, 2, ""},
		{"told by numbers that are lost", Observed{Wanted: 2, Mirrored: true, Rendered: true, Found: true, Annotated: 5, Complete: true, Pods: at(5)}, Wait, 0, ""},
		{"a Pod was told by them", Observed{Wanted: 2, Mirrored: true, Rendered: true, Found: true, Annotated: 2, Complete: true, Pods: at(2, 5)}, Watch, 0, ""},
		{"undone", Observed{Wanted: 5, Mirrored: true, Rendered: true, Found: true, Annotated: 3, Complete: true, Pods: at(3)}, Roll, 3, "generation 5"},
		{"two generations behind", Observed{Wanted: 3, Mirrored: true, Rendered: true, Found: true, Annotated: 2, Pods: at(1, 2)}, Roll, 1, "generation 3"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			d := Decide(row.o, time.Minute)
			if d.Action != row.action || d.Running != row.running || !strings.Contains(d.Message, row.says) {
				t.Errorf("%+v", d)
			}
		})
	}
}

// TestBoard: who has not been looked at may run on anything.
func TestBoard(t *testing.T) {
	var b Board
	if b.Lowest("s") != math.MaxInt64 {
		t.Error("somebody runs although nobody is there")
	}
	b.Expect("s", "one")
	b.Expect("s", "two")
	b.Expect("other", "one")
	if b.set("s", "one", 3); b.Lowest("s") != 0 {
		t.Errorf("%d is the lowest while nothing is known of the second", b.Lowest("s"))
	}
	if !b.set("s", "two", 2) || b.set("s", "two", 2) {
		t.Error("a change is news, and its repetition is none")
	}
	if b.Lowest("s") != 2 || b.Lowest("other") != 0 {
		t.Errorf("the lowest are %d and %d", b.Lowest("s"), b.Lowest("other"))
	}
}
