package main

import (
	"strings"
	"testing"
)

func TestHideAndShow(t *testing.T) {
	for _, c := range []struct {
		text   string
		hidden int
	}{
		{"a: ${A}", 1},
		{"a: ${A}.${B_1}", 2},
		{"a: [${A}, {${B}: ${C:=x: y}}]", 3},
		{`a: "$${A}"`, 1},
		{`a: ${A:-"quoted"}`, 0},
		{"a: ${A:-${B}}", 1},
		{"a: $A {b} ${} ${1} ${A", 0},
		{"a: ${A\n}", 0},
	} {
		got := string(hide([]byte(c.text)))
		if n := strings.Count(got, "\uE000"); n != c.hidden {
			t.Errorf("%s: %d are hidden, not %d: %s", c.text, n, c.hidden, got)
		}
		if back := show(got); back != c.text {
			t.Errorf("%s comes back as %s", c.text, back)
		}
	}
	for _, text := range []string{"\uE000\uE001", "\uE000abc\uE001", "\uE000ab\uE001"} {
		if got := show(text); got != text {
			t.Errorf("%q is not ours and was made %q", text, got)
		}
	}
}

func FuzzHide(f *testing.F) {
	f.Add("a: [${A}, ${B:-c}] $${D} ${")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsRune(text, '\uE000') {
			return
		}
		if got := show(string(hide([]byte(text)))); got != text {
			t.Errorf("%q comes back as %q", text, got)
		}
	})
}
