package controller

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/openova-io/smtp-mirror/watcher"
)

// fileSet is a set of files whose content matters.
type fileSet struct{ files []string }

func (s *fileSet) add(file string) {
	if file != "" && !slices.Contains(s.files, file) {
		s.files = append(s.files, file)
	}
}

// directories lists what is watched: a directory tells that something happened
// in it, and only another content wakes.
func (c *Controller) directories() map[string]func() {
	all := map[string]func(){}
	trust := c.onChange(sourceTrustFiles, func() []string { return c.trust.files })
	for _, file := range c.trust.files {
		all[filepath.Dir(file)] = trust
	}
	for dir, source := range map[string]watcher.Source{c.o.Config.DKIMKeyDir: sourceKeyFiles, c.o.Config.TLS.Dir: sourceTLS} {
		if dir == "" {
			continue
		}
		files := c.onChange(source, func() []string { return list(dir) })
		if other := all[dir]; other != nil {
			all[dir] = func() { other(); files() }
		} else {
			all[dir] = files
		}
	}
	return all
}

// onChange wakes a source when the files or their contents differ from the last
// look.
func (c *Controller) onChange(source watcher.Source, files func() []string) func() {
	var mu sync.Mutex
	last := digest(files())
	return func() {
		mu.Lock()
		defer mu.Unlock()
		if now := digest(files()); now != last {
			last = now
			c.loop.Wake(source)
		}
	}
}

func list(dir string) []string {
	entries, _ := os.ReadDir(dir) // a directory that is not there is empty
	var all []string
	for _, e := range entries {
		all = append(all, filepath.Join(dir, e.Name()))
	}
	return all
}

// digest sums names and contents; what cannot be read counts as empty.
func digest(files []string) [32]byte {
	sum := sha256.New()
	for _, name := range files {
		text, _ := os.ReadFile(name) //nolint:gosec // the operator's choice
		content := sha256.Sum256(text)
		sum.Write([]byte(name))
		sum.Write(content[:])
	}
	return [32]byte(sum.Sum(nil))
}
