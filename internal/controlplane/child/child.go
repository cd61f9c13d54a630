package child

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// pipeGrace bounds how long the end of a process is held up by a grandchild
// that kept the output pipe open.
const pipeGrace = 2 * time.Second

// ErrEnded says that a process ended while somebody was waiting for it to
// become ready.
var ErrEnded = errors.New("process ended")

// Spec describes a process.
type Spec struct {
	Path string
	Args []string
	Env  []string // the complete environment
	Dir  string
	Logs io.Writer // receives stdout and stderr; may be nil
	// PrivateNetwork runs the process in a network namespace of its own,
	// with nothing in it but a loopback interface that is still down.
	PrivateNetwork bool
}

// Process is a running, or ended, child process.
type Process struct {
	name string
	cmd  *exec.Cmd
	tail *tail
	done chan struct{}
	err  error // set before done is closed
}

// Start starts the process. It does not outlive the calling program.
func Start(s Spec) (*Process, error) {
	p := &Process{
		name: filepath.Base(s.Path),
		cmd:  exec.Command(s.Path, s.Args...),
		tail: &tail{next: s.Logs},
		done: make(chan struct{}),
	}
	p.cmd.Env, p.cmd.Dir = s.Env, s.Dir
	p.cmd.Stdout, p.cmd.Stderr = p.tail, p.tail
	p.cmd.WaitDelay = pipeGrace
	attributes, err := attributes(s.PrivateNetwork)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	p.cmd.SysProcAttr = attributes
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	return p, nil
}

// run forks on a thread that lives as long as the process does; see the
// package comment.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	close(p.done)
}

// PID is the process ID.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Running says whether the process has not ended yet.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Ended describes how the process ended, with its last output. It wraps
// ErrEnded. Call it after Done is closed.
func (p *Process) Ended() error {
	<-p.done
	cause := "exit status 0"
	if p.err != nil {
		cause = p.err.Error()
	}
	return fmt.Errorf("%s: %w (%s), last output:\n%s", p.name, ErrEnded, cause, p.tail)
}

// Output is the last output of the process.
func (p *Process) Output() string { return p.tail.String() }

// Stop asks the process to end, and kills it when it has not done so after
// grace.
func (p *Process) Stop(grace time.Duration) error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
		return p.Kill()
	}
}

// Kill ends the process at once and waits for its end.
func (p *Process) Kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.done
	return nil
}

func (p *Process) signal(s os.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", p.name, err)
	}
	return nil
}

// Await polls probe until it returns nil, the process ends or ctx is done.
func (p *Process) Await(ctx context.Context, what string, probe func(context.Context) error) error {
	const interval = 25 * time.Millisecond
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		err := probe(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("wait for %s: %w", what, p.Ended())
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w (last: %w)", what, ctx.Err(), err)
		case <-ticker.C:
		}
	}
}
