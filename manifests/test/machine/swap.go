//go:build linux

package machine

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// The names that a kubelet uses in a directory that it keeps up to date: the files are links
// into current, which is a link to the newest directory.
const (
	current = "..data"
	next    = "..data_tmp"
)

// swap replaces all files at once: whoever has the directory mounted sees either all of the
// old ones or all of the new ones.
func swap(dir string, files map[string][]byte) error {
	newest, err := os.MkdirTemp(dir, "..")
	if err != nil {
		return err
	}
	if err := os.Chmod(newest, traverse); err != nil { //nolint:gosec // see traverse
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(newest, name), text, 0o644); err != nil { //nolint:gosec // the Pod's user reads it
			return err
		}
	}
	old, _ := os.Readlink(filepath.Join(dir, current)) // "" the first time
	if err := os.Symlink(filepath.Base(newest), filepath.Join(dir, next)); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(dir, next), filepath.Join(dir, current)); err != nil {
		return err
	}
	if err := link(dir, files); err != nil || old == "" {
		return err
	}
	return os.RemoveAll(filepath.Join(dir, filepath.Base(old)))
}

// link makes a link for each file, and removes those of files that are gone.
func link(dir string, files map[string][]byte) error {
	present, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var all []error
	known := map[string]bool{}
	for _, e := range present {
		name := e.Name()
		known[name] = true
		if _, wanted := files[name]; !wanted && !strings.HasPrefix(name, "..") {
			all = append(all, os.Remove(filepath.Join(dir, name)))
		}
	}
	for name := range files {
		if !known[name] {
			all = append(all, os.Symlink(filepath.Join(current, name), filepath.Join(dir, name)))
		}
	}
	return errors.Join(all...)
}
