package rig

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
)

// Build compiles smtp-mirror as it is shipped.
func Build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "smtp-mirror")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "github.com/openova-io/smtp-mirror/cmd/smtp-mirror") //nolint:gosec // our own
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building smtp-mirror: %w\n%s", err, out)
	}
	return binary, nil
}

// Process is a controller at work. Its output is kept.
type Process struct {
	cmd  *exec.Cmd
	out  lockedBuffer
	done chan struct{}
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// Run starts `smtp-mirror ARGS` with the rig's configuration and kubeconfig; it
// ends with the test program at the latest.
func (r *Rig) Run(args ...string) (*Process, error) {
	return r.RunAs(r.Kubeconfig, args...)
}

// RunAs runs with another kubeconfig.
func (r *Rig) RunAs(kubeconfig string, args ...string) (*Process, error) {
	args = append(args[:1:1], append([]string{"--config", r.ConfigFile, "--kubeconfig", kubeconfig}, args[1:]...)...)
	p := &Process{cmd: exec.Command(r.Binary, args...), done: make(chan struct{})} //nolint:gosec // our own
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	p.cmd.Env = append(os.Environ(), "POD_NAME=smtp-mirror-0", "POD_UID="+r.Identity)
	p.cmd.SysProcAttr = attributes()
	started := make(chan error)
	go p.live(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting smtp-mirror: %w", err)
	}
	return p, nil
}

// live starts the process and waits for its end, on one thread: where the system
// ends a child with its parent, the parent is the thread that made it.
func (p *Process) live(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	defer close(p.done)
	_ = p.cmd.Wait() // the exit code is in its state
}

// PID is the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Output is everything that it has printed.
func (p *Process) Output() string {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	return p.out.buf.String()
}

// Signal sends a signal.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Wait waits for the end and gives the exit code.
func (p *Process) Wait(ctx context.Context) (int, error) {
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-ctx.Done():
		return -1, ctx.Err()
	}
}

// Stop asks it to end and waits.
func (p *Process) Stop(ctx context.Context) (int, error) {
	_ = p.Signal(syscall.SIGTERM) // it may have ended
	return p.Wait(ctx)
}
