//go:build linux

package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// inside tells the process that lives in the namespaces its directory.
const inside = "SMTP_MIRROR_MACHINE"

// ErrNoNamespaces says that this user or this system does not let us have namespaces.
var ErrNoNamespaces = errors.New("no namespaces of our own (it needs root)")

// Dir is the directory of the process in the namespaces; "" outside of them.
func Dir() string { return os.Getenv(inside) }

// Enter runs this program again, as the first process of its own process, network and mount
// namespaces: when it ends, the kernel ends everything that it has started. Only out here,
// where none of its mounts is to be seen, may its directory be removed: in there the way
// leads into whatever is mounted. With keep, or after a failure, what containers said stays.
func Enter(keep bool) (code int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "smtp-mirror-machine-")
	if err != nil {
		return 1, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	c := exec.CommandContext(ctx, self, os.Args[1:]...) //nolint:gosec // ourselves
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.Env = append(os.Environ(), inside+"="+dir)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS, Pdeathsig: syscall.SIGKILL}
	err = c.Run()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		fmt.Fprintln(os.Stderr, "what the containers said is in", dir)
		return max(ended.ExitCode(), 1), nil // it has said why
	case err != nil:
		return 1, errors.Join(fmt.Errorf("%w: %w", ErrNoNamespaces, err), os.RemoveAll(dir))
	case keep:
		fmt.Println("what the containers said is in", dir)
		return 0, nil
	}
	return 0, os.RemoveAll(dir)
}

// isolate keeps our mounts to ourselves, shows the processes of this namespace, and brings
// loopback up.
func isolate() error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	if err := mountProc("/proc"); err != nil {
		return err
	}
	return up("lo")
}

func mountProc(path string) error {
	if err := syscall.Mount("proc", path, "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mounting proc: %w", err)
	}
	return nil
}
