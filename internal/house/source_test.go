package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	module = "github.com/openova-io/smtp-mirror/"
	root   = "../.."
)

// file is a parsed Go file of the repository.
type file struct {
	path string // relative to the root
	ast  *ast.File
	fset *token.FileSet
}

func (f file) room() string         { return filepath.ToSlash(filepath.Dir(f.path)) }
func (f file) isTest() bool         { return strings.HasSuffix(f.path, "_test.go") }
func (f file) line(p token.Pos) int { return f.fset.Position(p).Line }

func (f file) imports() []string {
	var all []string
	for _, i := range f.ast.Imports {
		all = append(all, strings.Trim(i.Path.Value, `"`))
	}
	return all
}

// files parses every Go file of this module; modules of their own are skipped.
func files(t *testing.T) []file {
	t.Helper()
	var all []file
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			_, other := os.Stat(filepath.Join(path, "go.mod"))
			if strings.HasPrefix(d.Name(), ".git") || d.Name() == "testdata" || other == nil && path != root {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		parsed, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		all = append(all, file{relative, parsed, fset})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("only %d files found", len(all))
	}
	return all
}
