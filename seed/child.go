package seed

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopPatience is how long Stalwart may take to write everything down when it is told to
// end.
const stopPatience = 20 * time.Second

// child is Stalwart in recovery mode.
type child struct {
	cmd  *exec.Cmd
	tail *tail
	done chan struct{}
	err  error // how it ended; valid when done is closed
}

// start runs a command. It ends with SIGTERM when the context does, and is killed when it
// does not follow.
func start(ctx context.Context, argv, environment []string) (*child, error) {
	c := &child{tail: &tail{}, done: make(chan struct{})}
	c.cmd = exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // the operator's choice
	c.cmd.Env = append(os.Environ(), environment...)
	c.cmd.Stdout, c.cmd.Stderr = c.tail, c.tail
	c.cmd.Cancel = func() error { return c.cmd.Process.Signal(syscall.SIGTERM) }
	c.cmd.WaitDelay = stopPatience
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting Stalwart in recovery mode: %w", err)
	}
	go func() {
		defer close(c.done)
		c.err = c.cmd.Wait()
	}()
	return c, nil
}

// endedError says that Stalwart ended by itself, and what it said.
type endedError struct{ how, output string }

func (e *endedError) Error() string {
	return "Stalwart has ended in recovery mode (" + e.how + "): " + e.output
}

// ended is how it ended, while nobody has told it to.
func (c *child) ended() error {
	how := "exit status 0"
	if c.err != nil {
		how = c.err.Error()
	}
	return &endedError{how, c.tail.String()}
}

// stop ends it, and waits until everything is written down. It is an error when it had to
// be killed: what it had in memory is lost.
func (c *child) stop() error {
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // where it has ended already, done tells
	select {
	case <-c.done:
		return nil
	case <-time.After(stopPatience):
		_ = c.cmd.Process.Kill()
		<-c.done
		return &endedError{"killed, because it did not end when it was told to", c.tail.String()}
	}
}

// tail keeps the last output.
type tail struct {
	mu   sync.Mutex
	text []byte
}

var _ io.Writer = (*tail)(nil)

// tailSize is what is kept: some lines.
const tailSize = 2 << 10

// Write takes what Stalwart says.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-tailSize):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}
