package main

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

const head = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"

func TestParseSlot(t *testing.T) {
	a := release{"flux-system", "bp-a", nil}
	b := release{"flux-system", "bp-b", []reference{{Name: "bp-a"}}}
	textA := head + "metadata: {name: bp-a, namespace: flux-system}\n"
	textB := head + "metadata: {name: bp-b, namespace: flux-system}\nspec:\n  dependsOn:\n  - name: bp-a\n"
	for _, c := range []struct {
		what, text string
		want       []release
	}{
		{"empty", "", nil},
		{"only comments", "# nothing yet\n", nil},
		{"only separators", "---\n---\n# none\n---\n", nil},
		{"one", textA, []release{a}},
		{"two, with empty documents and comments between", "---\n" + textA + "---\n# next\n---\n" + textB + "---\n", []release{a, b}},
		{"a comment on the separator, and an end mark", "--- # a\n" + textA + "...\n---\n" + textB, []release{a, b}},
		{"Windows line ends and a byte order mark", "\uFEFF" + strings.ReplaceAll(textB, "\n", "\r\n"), []release{b}},
		{"other kinds, whatever their dependsOn", "kind: Kustomization\nspec: {dependsOn: [x, 1]}\n---\nkind: Namespace\nspec: 3\n---\n" + textA, []release{a}},
		{"no kind", "metadata: {name: x}\n", nil},
		{"kind in a value", "kind: ConfigMap\ndata:\n  x: |\n    ---\n    kind: HelmRelease\n", nil},
		{"a List", "kind: List\nitems:\n- {kind: HelmRelease, metadata: {name: bp-a}}\n- {kind: ConfigMap}\n", []release{a}},
		{"an empty List", "kind: HelmReleaseList\nitems:\n", nil},
		{"a List in a List", "kind: List\nitems:\n- kind: List\n  items: [1]\n- {kind: HelmRelease, metadata: {name: bp-a}}\n", []release{a}},
		{"a List that holds itself", "--- &x\nkind: List\nitems:\n- *x\n- {kind: HelmRelease, metadata: {name: bp-a}}\n", []release{a}},
		{"items that are an anchor", "kind: List\nx: &i [{kind: HelmRelease, metadata: {name: bp-a}}]\nitems: *i\n", []release{a}},
		{"no namespace", head + "metadata: {name: bp-a}\n", []release{a}},
		{"references into namespaces", head + "metadata: {name: bp-c, namespace: web}\nspec: {dependsOn: [{name: bp-a}, {name: bp-b, namespace: other}]}\n",
			[]release{{"web", "bp-c", []reference{{Name: "bp-a"}, {Name: "bp-b", Namespace: "other"}}}}},
		{"an empty dependsOn", textA + "spec: {dependsOn: []}\n", []release{{"flux-system", "bp-a", []reference{}}}},
		{"anchors", head + "metadata: &m {name: bp-a}\nspec: {dependsOn: [*m, {name: bp-b}]}\n", []release{{"flux-system", "bp-a", []reference{{Name: "bp-a"}, {Name: "bp-b"}}}}},
		{"variables wherever a scalar may stand", head + "metadata: {name: bp-a, labels: {${K}: ${V}, l: [${A}, ${B:=x: y}]}}\nspec:\n  suspend: ${S:-false}\n  values:\n    ${KEY}: ${FQDN}\n    url: https://${FQDN}/\n    t: |\n      ${T}\n", []release{a}},
		{"variables as names stay as they are", head + "metadata: {name: bp-${X}, namespace: ${NS}}\nspec: {dependsOn: [{name: ${D}}]}\n",
			[]release{{"${NS}", "bp-${X}", []reference{{Name: "${D}"}}}}},
		{"a variable as kind", "kind: ${KIND}\n", nil},
	} {
		got, err := parseSlot([]byte(c.text))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v; want %+v", c.what, got, err, c.want)
		}
	}
}

func TestParseSlotSaysWhatIsBroken(t *testing.T) {
	for _, c := range []struct{ what, text, want string }{
		{"no YAML", "a: b: c\n", "mapping values"},
		{"broken after a good document", head + "metadata: {name: bp-a}\n---\n\tx", "line"},
		{"not an object", "- a\n", "line 1: not an object"},
		{"not an object in a List", "kind: List\nitems:\n- 3\n", "line 3: cannot unmarshal"},
		{"a key that comes twice", head + "metadata: {name: bp-a}\nspec:\n  dependsOn: []\n  dependsOn: []\n", "already defined"},
		{"no name", "---\n" + head, "line 2: a HelmRelease without a name"},
		{"no name in dependsOn", head + "metadata: {name: bp-a}\nspec: {dependsOn: [{name: bp-b}, {namespace: x}]}\n", "bp-a: dependsOn[1] has no name"},
		{"dependsOn has plain names", head + "metadata: {name: bp-a}\nspec: {dependsOn: [bp-b]}\n", "cannot unmarshal"},
		{"dependsOn is a variable", head + "metadata: {name: bp-a}\nspec: {dependsOn: ${DEPS}}\n", "`${DEPS}`"},
		{"an anchor in itself", head + "metadata: {name: bp-a}\nspec: &s {dependsOn: [*s]}\n", ""},
	} {
		got, err := parseSlot([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || got != nil {
			t.Errorf("%s: %v, %v; want an error with %q", c.what, got, err, c.want)
		}
	}
	_, err := parseSlot([]byte("- a\n"))
	if e, ok := errors.AsType[*notAnObjectError](err); !ok || e.line != 1 {
		t.Errorf("%T", err)
	}
}

// FuzzParseSlot: whatever is in a file, it is HelmReleases with names or an error, a
// comment before it changes nothing, and after one more document it is read as before.
func FuzzParseSlot(f *testing.F) {
	f.Add([]byte(head + "metadata: {name: bp-a}\nspec: {dependsOn: [{name: ${B}}]}\n---\n# x\n"))
	f.Add([]byte("kind: List\nitems: [{kind: HelmRelease, metadata: {name: a}}]\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("--- &x\nkind: List\nitems: [*x]\n"))
	f.Add([]byte("kind: HelmRelease\nmetadata: {name: ${A:-b: c}}\n<<: {spec: 1}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := parseSlot(text)
		if err != nil && got != nil {
			t.Fatalf("both %v and %v", got, err)
		}
		for _, r := range got {
			if r.name == "" || r.namespace == "" {
				t.Fatalf("%+v has no name", r)
			}
		}
		if err != nil || strings.HasPrefix(string(text), "\uFEFF") || strings.Contains(string(text), "%") || !isText(text) {
			return // a byte order mark and a directive belong to the beginning
		}
		again, err := parseSlot(append([]byte("# comment\nkind: Other\n---\n"), text...))
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Fatalf("%+v, and after another document %+v, %v", got, again, err)
		}
	})
}

// isText is false for UTF-16, which is told from the first bytes.
func isText(text []byte) bool { return len(text) == 0 || text[0] < 0x80 }
