package dnsservers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrUnavailable says that a program is missing, and how to get it.
var ErrUnavailable = errors.New("no such name server here; hack/install-dnsservers.sh unpacks it")

// root is where hack/install-dnsservers.sh unpacks the packages.
func root() (string, error) {
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("%w: find the cache directory: %w", ErrUnavailable, err)
		}
		cache = filepath.Join(home, ".cache")
	}
	return filepath.Join(cache, "smtp-mirror", "dnsservers"), nil
}

// find looks for a file among what was unpacked, then in the system. The path may
// have a * in it, as the directories of libraries are named after the machine.
func find(path string) (string, error) {
	unpacked, err := root()
	if err != nil {
		return "", err
	}
	for _, top := range []string{unpacked, "/"} {
		if found, err := filepath.Glob(filepath.Join(top, path)); err == nil && len(found) > 0 {
			return found[0], nil
		}
	}
	return "", fmt.Errorf("%w: %s", ErrUnavailable, filepath.Base(path))
}

// environment lets the programs find the libraries that were unpacked with them.
func environment() []string {
	unpacked, err := root()
	if err != nil {
		return nil
	}
	var dirs []string
	for _, pattern := range []string{"usr/lib/*-linux-gnu*", "lib/*-linux-gnu*"} {
		found, _ := filepath.Glob(filepath.Join(unpacked, pattern)) // the pattern is well-formed
		dirs = append(dirs, found...)
	}
	return []string{"LD_LIBRARY_PATH=" + strings.Join(dirs, ":"), "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
}
