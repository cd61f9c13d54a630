package house_test

import (
	"go/ast"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestEveryReasonHasItsHeading compares the constants named Reason... and the
// verdicts of the probe with the headings of the runbook, in both directions.
func TestEveryReasonHasItsHeading(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "runbook.md"))
	if err != nil {
		t.Fatal(err)
	}
	headings := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "### "); ok {
			headings[name] = true
		}
	}
	reasons := reasons(t)
	for name, where := range reasons {
		if !headings[name] {
			t.Errorf("docs/runbook.md has no heading %s (%s)", name, where)
		}
	}
	for name := range headings {
		if reasons[name] == "" {
			t.Errorf("docs/runbook.md has a heading %s, which is no reason", name)
		}
	}
}

func reasons(t *testing.T) map[string]string {
	all := map[string]string{}
	for _, f := range files(t) {
		if _, room := level[f.room()]; !room || f.isTest() {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok {
				collect(all, f, v)
			}
			return true
		})
	}
	if len(all) < 30 {
		t.Fatalf("only %d reasons found", len(all))
	}
	return all
}

// collect takes a constant that is a reason: by its name, or as a verdict.
func collect(all map[string]string, f file, v *ast.ValueSpec) {
	kind, _ := v.Type.(*ast.Ident)
	verdict := kind != nil && kind.Name == "Verdict" && f.room() == "smtpprobe"
	for i, name := range v.Names {
		if i >= len(v.Values) || !verdict && !strings.HasPrefix(name.Name, "Reason") && !strings.HasPrefix(name.Name, "Changed") {
			continue
		}
		literal, ok := v.Values[i].(*ast.BasicLit)
		if !ok {
			continue
		}
		text, err := strconv.Unquote(literal.Value)
		if err == nil && text != "Accepted" {
			all[text] = f.path
		}
	}
}
