package main

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseList(t *testing.T) {
	got, err := parseList("list.yaml", []byte(`# a comment
slots:
- {slot: 1, name: bp-a, depends_on: [], wave: present}
- {slot: 08, name: bp-b, depends_on: [bp-a]}
- {slot: "010", name: bp-c, depends_on: , note: what others add}
- slot: 0
  name: bp-d
`))
	want := list{"list.yaml", []slot{{1, "bp-a", []string{}}, {8, "bp-b", []string{"bp-a"}}, {10, "bp-c", nil}, {0, "bp-d", nil}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := parseList("list.yaml", []byte("slots: []\n")); err != nil || got.slots == nil {
		t.Errorf("an empty list: %+v, %v", got, err)
	}
}

func TestParseListSaysWhatIsBroken(t *testing.T) {
	for _, c := range []struct{ what, text, want string }{
		{"empty", "", "no slots"},
		{"another file", "kind: Namespace\n", "no slots"},
		{"no YAML", "slots: [\n", "line"},
		{"two documents", "slots: []\n---\nslots: []\n", "more than one document"},
		{"no number", "slots: [{name: bp-a}]", `entry 1, "bp-a": both a slot and a name are needed`},
		{"no name", "slots: [{slot: 1}]", "are needed"},
		{"a number that is none", "slots:\n- {slot: one, name: bp-a}", `line 2: slot "one" is not a number`},
		{"a number twice", "slots: [{slot: 1, name: bp-a}, {slot: 1, name: bp-b}]", "slot 1 is both bp-a and bp-b"},
		{"a name twice", "slots: [{slot: 1, name: bp-a}, {slot: 2, name: bp-a}]", "bp-a is both slot 1 and slot 2"},
		{"dependsOn as Flux has it", "slots: [{slot: 1, name: bp-a, depends_on: [{name: bp-b}]}]", "cannot unmarshal"},
	} {
		got, err := parseList("list.yaml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || got.slots != nil {
			t.Errorf("%s: %+v, %v; want an error with %q", c.what, got, err, c.want)
		}
	}
}

func FuzzParseList(f *testing.F) {
	f.Add([]byte("slots: [{slot: 01, name: a, depends_on: [b]}]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := parseList("x", text)
		if (err == nil) != (got.slots != nil) {
			t.Fatalf("%+v, %v", got, err)
		}
		k := kit{list: got}
		for _, c := range append(compare(k), cycles(edges(k))...) {
			if c.code != unknown && c.code != cycle {
				t.Fatalf("a list alone has a fault of another kind: %v", c)
			}
		}
	})
}
