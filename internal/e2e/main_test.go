package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/openova-io/smtp-mirror/internal/controlplane"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

// world is what all tests share.
type world struct {
	binary string     // of smtp-mirror, as it is shipped
	plane  *rig.Plane // with the controllers of workloads and namespaces, and a node
	absent error      // why there is no control plane: the reason to skip
}

var shared world // set by TestMain, before any test runs

// atOnce is how many tests run at a time unless -parallel says otherwise: they
// mostly wait, so there may be more of them than processors.
const atOnce = "8"

func TestMain(m *testing.M) {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		_ = flag.Set("test.parallel", atOnce)
	}
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "smtp-mirror-e2e-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	shared.binary, err = rig.Build(context.Background(), dir)
	if err != nil {
		return 1, err
	}
	shared.plane, err = rig.StartPlane(context.Background(), filepath.Join(dir, "control-plane"), true)
	if errors.Is(err, controlplane.ErrUnavailable) {
		shared.absent, err = err, nil
		fmt.Fprintln(os.Stderr, "e2e: all tests are skipped:", shared.absent)
	}
	if err != nil {
		return 1, err
	}
	if shared.plane != nil {
		defer func() { err = errors.Join(err, shared.plane.Close()) }()
	}
	return m.Run(), nil
}
