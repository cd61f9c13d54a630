package license

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Package is a linked package: where it is, and the module that it is of.
type Package struct{ Dir, Module, Version, ModuleDir string }

// Module is a module with the texts that come with it.
type Module struct {
	Path, Version string
	Files         []File
	IDs           []string // of SPDX, sorted; none where no text is known
}

// File is one text, named as seen from the module.
type File struct{ Name, Text string }

// MissingError is a module without a licence.
type MissingError struct{ Module, Dir string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s has no licence file in %s: it may not be shipped", e.Module, e.Dir)
}

// texts are the names of files that have to go with a program; Apache's NOTICE is
// one of them. grants are those of them that are a licence.
var (
	texts  = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)([._-].*)?$`)
	grants = regexp.MustCompile(`(?i)^(licen[cs]e|copying)`)
	code   = regexp.MustCompile(`\.(go|s|json|ya?ml|tmpl)$`)
)

// Collect gives the modules of packages, sorted. The directories between a package
// and the root of its module count too: code that was taken from elsewhere
// has its licence beside it.
func Collect(packages []Package) ([]Module, error) {
	dirs := map[string]map[string]bool{} // of a module
	modules := map[string]Package{}
	for _, p := range packages {
		if dirs[p.Module] == nil {
			dirs[p.Module], modules[p.Module] = map[string]bool{}, p
		}
		for dir := p.Dir; within(p.ModuleDir, dir); dir = filepath.Dir(dir) {
			dirs[p.Module][dir] = true
		}
	}
	var all []Module
	for path, p := range modules {
		m := Module{Path: path, Version: p.Version}
		if err := m.read(p.ModuleDir, dirs[path]); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Module) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

// Single is a module whose texts are all in one directory: the standard library.
func Single(path, version, dir string) (Module, error) {
	m := Module{Path: path, Version: version}
	return m, m.read(dir, map[string]bool{dir: true})
}

func within(root, dir string) bool {
	return dir == root || strings.HasPrefix(dir, root+string(filepath.Separator))
}

func (m *Module) read(root string, dirs map[string]bool) error {
	granted := false
	for dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return fmt.Errorf("looking for the licence of %s: %w", m.Path, err)
		}
		for _, e := range entries {
			if !e.Type().IsRegular() || !texts.MatchString(e.Name()) || code.MatchString(e.Name()) {
				continue
			}
			if err := m.add(root, filepath.Join(dir, e.Name())); err != nil {
				return err
			}
			granted = granted || grants.MatchString(e.Name())
		}
	}
	if !granted {
		return &MissingError{m.Path, root}
	}
	slices.SortFunc(m.Files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	slices.Sort(m.IDs)
	m.IDs = slices.Compact(m.IDs)
	return nil
}

func (m *Module) add(root, path string) error {
	text, err := os.ReadFile(path) //nolint:gosec // of the module cache
	if err != nil {
		return fmt.Errorf("reading the licence of %s: %w", m.Path, err)
	}
	name, err := filepath.Rel(root, path)
	if err != nil {
		return err
	}
	m.Files = append(m.Files, File{filepath.ToSlash(name), string(text)})
	m.IDs = append(m.IDs, Detect(string(text))...)
	return nil
}
