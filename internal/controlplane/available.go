package controlplane

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	etcdBinary       = "etcd"
	apiserverBinary  = "kube-apiserver"
	controllerBinary = "kube-controller-manager"

	assetsVariable = "KUBEBUILDER_ASSETS"
)

// ErrUnavailable says that binaries are missing. Start wraps it too, so that a
// test can skip on it instead of asking Available first.
var ErrUnavailable = errors.New("no control plane binaries")

// Available finds the directory with the binaries. The error says which ones
// are missing, where they were expected and how to make them; a test prints it
// as its reason to skip.
func Available() (dir string, err error) {
	dir, want, err := search()
	if err != nil {
		return "", err
	}
	var missing []string
	for _, name := range want {
		if !executable(filepath.Join(dir, name)) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return "", fmt.Errorf("%w: %s not found in %s; `make controlplane` builds them",
			ErrUnavailable, strings.Join(missing, ", "), dir)
	}
	return dir, nil
}

// search says where to look and for what. The cache is where
// hack/build-controlplane.sh puts it on every system. The archives that envtest downloads
// have no controller manager, so it is not demanded of them; Start demands it
// where a test asks for one.
func search() (dir string, want []string, err error) {
	if dir := os.Getenv(assetsVariable); dir != "" {
		return dir, []string{etcdBinary, apiserverBinary}, nil
	}
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", nil, fmt.Errorf("%w: find the cache directory: %w", ErrUnavailable, err)
		}
		cache = filepath.Join(home, ".cache")
	}
	return filepath.Join(cache, "smtp-mirror", "bin"), []string{etcdBinary, apiserverBinary, controllerBinary}, nil
}

func executable(path string) bool {
	const anyExecute = 0o111
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&anyExecute != 0
}
