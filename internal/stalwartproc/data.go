package stalwartproc

import (
	"errors"
	"fmt"
	"os"
)

// The mark is beside the data and is lost with it. It is set when a first
// start is complete, not when it begins.
func (s *Server) markPath() string { return s.path("data", ".prepared") }

func (s *Server) seeded() bool { return exists(s.markPath()) }

func (s *Server) mark() error { return writeFile(s.markPath(), nil) }

func (s *Server) loseData() error {
	data := s.path("data")
	if err := errors.Join(os.RemoveAll(data), os.MkdirAll(data, 0o700)); err != nil {
		return fmt.Errorf("empty the data directory: %w", err)
	}
	return nil
}

// writeFile writes a file that only its owner may read, as many of these hold
// a key or a password.
func writeFile(path string, content []byte) error {
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("write a file of the server: %w", err)
	}
	return nil
}
