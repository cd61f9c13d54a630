//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// judge looks for Secrets in whatever was said, as they are and as base64 may have them.
func (g *stage) judge() error {
	files, err := filepath.Glob(filepath.Join(g.dir, "logs", "*.log"))
	if err != nil {
		return err
	}
	if len(files) == 0 || len(g.secrets) == 0 {
		return errors.New("there is nothing to look for Secrets in")
	}
	for _, path := range files {
		text, err := os.ReadFile(path) //nolint:gosec // our own
		if err != nil {
			return err
		}
		for value, whose := range g.secrets {
			if value != "" && bytes.Contains(text, []byte(value)) {
				return fmt.Errorf("%s has said %s", filepath.Base(path), whose)
			}
		}
	}
	g.say("no container has said one of %d passwords", len(g.secrets))
	return nil
}
