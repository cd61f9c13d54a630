package house_test

import (
	"go/ast"
	"slices"
	"testing"
)

const (
	longestFunction = 60
	longestFile     = 250
	medianFunction  = 13
)

// calls reports whether a file calls package.name.
func calls(f file, pkg, name string) bool {
	found := false
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == name {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == pkg {
				found = true
			}
		}
		return true
	})
	return found
}

func TestFilesAndFunctionsAreSmall(t *testing.T) {
	var lengths []int
	for _, f := range files(t) {
		if n := f.line(f.ast.End()); n > longestFile {
			t.Errorf("%s has %d lines, more than %d", f.path, n, longestFile)
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			n := f.line(fn.End()) - f.line(fn.Pos()) + 1
			if n > longestFunction {
				t.Errorf("%s: %s has %d lines, more than %d", f.path, fn.Name.Name, n, longestFunction)
			}
			if !f.isTest() {
				lengths = append(lengths, n)
			}
		}
	}
	slices.Sort(lengths)
	if median := lengths[len(lengths)/2]; median > medianFunction {
		t.Errorf("the median function has %d lines, more than %d", median, medianFunction)
	}
	t.Logf("%d functions, median %d lines, 90 %% up to %d", len(lengths), lengths[len(lengths)/2], lengths[len(lengths)*9/10])
}

func TestEveryPackageTellsItsStory(t *testing.T) {
	docs := map[string]int{}
	for _, f := range files(t) {
		if f.isTest() {
			continue
		}
		docs[f.room()] += 0
		if f.ast.Doc != nil {
			docs[f.room()]++
			if n := len(f.ast.Doc.Text()); n < 120 {
				t.Errorf("%s: the package comment has only %d characters", f.path, n)
			}
		}
	}
	for room, n := range docs {
		if n != 1 {
			t.Errorf("%s has %d package comments, not one", room, n)
		}
	}
}

func TestExportedNamesHaveComments(t *testing.T) {
	for _, f := range files(t) {
		if _, room := level[f.room()]; !room || f.isTest() {
			continue
		}
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.IsExported() && fn.Doc == nil && !obvious[fn.Name.Name] {
				t.Errorf("%s:%d: %s has no comment", f.path, f.line(fn.Pos()), fn.Name.Name)
			}
		}
	}
}

// obvious are methods that the standard library explains.
var obvious = map[string]bool{"Error": true, "String": true, "Unwrap": true, "Reason": true, "Knock": true} //nolint:gochecknoglobals // a constant table
