package stalwartproc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// The generations, by the first release that has their management API.
const (
	Generation015 = "0.15"
	Generation016 = "0.16"
)

// Generation finds out which management API a binary has, and the version it
// claims to be. The version does not tell the generation: stalwart-lite calls
// itself 0.16.0 and is of generation 0.15. What tells is whether the binary
// can write a config.toml, a file that generation 0.16 does not know.
func Generation(binary string) (generation, version string, err error) {
	const patience = 30 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	said, err := exec.CommandContext(ctx, binary, "--version").Output()
	if err != nil {
		return "", "", fmt.Errorf("ask %s for its version: %w", filepath.Base(binary), err)
	}
	initialises, err := writesTOML(ctx, binary)
	if err != nil {
		return "", "", err
	}
	version = strings.TrimSpace(string(said))
	if initialises {
		return Generation015, version, nil
	}
	return Generation016, version, nil
}

func writesTOML(ctx context.Context, binary string) (bool, error) {
	dir, err := os.MkdirTemp("", "stalwart-init-")
	if err != nil {
		return false, fmt.Errorf("make a temporary directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	command := exec.CommandContext(ctx, binary, "--init", filepath.Join(dir, "server"))
	command.Dir, command.Env = dir, []string{"HOME=" + dir}
	var refused *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &refused) {
		return false, fmt.Errorf("run %s: %w", filepath.Base(binary), err)
	}
	if ctx.Err() != nil {
		return false, fmt.Errorf("run %s: %w", filepath.Base(binary), ctx.Err())
	}
	_, err = os.Stat(filepath.Join(dir, "server", "etc", "config.toml"))
	return err == nil, nil
}
