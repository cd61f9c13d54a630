package inspect

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/openova-io/smtp-mirror/hack/image/pack"
)

// Root is an image, unpacked.
type Root struct{ Dir string }

// Unpack lays an image into a directory that only its owner can write to.
func Unpack(image v1.Image, dir string) (Root, error) {
	err := walk(image, func(h *tar.Header, r io.Reader) error {
		name := filepath.Join(dir, filepath.FromSlash(h.Name)) //nolint:gosec // Check has compared the names
		if h.Typeflag == tar.TypeDir {
			return os.MkdirAll(name, 0o755) //nolint:gosec // as in the image
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		return os.WriteFile(name, text, os.FileMode(h.Mode)&os.ModePerm) //nolint:gosec // a mode of tar
	})
	if err == nil {
		err = os.Chmod(dir, 0o755) //nolint:gosec // the image's user must get in
	}
	return Root{dir}, err
}

// Run starts the program as the image says: nothing around it but the image's
// files, not root, an empty environment. It says whether it was confined: only
// root may confine, and for others the program runs where it lies.
func (r Root) Run(args ...string) (out string, confined bool, err error) {
	var both bytes.Buffer
	c := exec.Command(pack.Entrypoint, args...) //nolint:gosec // the image's
	c.Env, c.Dir, c.Stdout, c.Stderr = []string{}, "/", &both, &both
	confined = confine(c, r.Dir)
	if !confined {
		c.Path = filepath.Join(r.Dir, pack.Entrypoint)
	}
	if err := c.Run(); err != nil {
		return "", confined, fmt.Errorf("running %v: %w\n%s", c.Args, err, both.String())
	}
	return both.String(), confined, nil
}

// StartTime is the median time from the start to the end of `version`.
func (r Root) StartTime(runs int) (time.Duration, error) {
	var times []time.Duration
	for range runs {
		begin := time.Now()
		if _, _, err := r.Run("version"); err != nil {
			return 0, err
		}
		times = append(times, time.Since(begin))
	}
	if len(times) == 0 {
		return 0, errors.New("nothing was run")
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}
