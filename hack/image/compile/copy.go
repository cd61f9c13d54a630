package compile

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Copy lays the sources of a tree into another directory, without git and what
// builds leave. A build there shows whether a path has got into the bytes.
func Copy(from, to string) error {
	left := []string{".git", "bin", "dist", "bench"}
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		switch {
		case err != nil:
			return err
		case slices.Contains(left, name) && d.IsDir():
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o750)
		case !d.Type().IsRegular() || name == ".git": // of a git worktree
			return nil
		}
		text, err := os.ReadFile(path) //nolint:gosec // of our own tree
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), text, 0o600)
	})
}
