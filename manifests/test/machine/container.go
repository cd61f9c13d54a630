//go:build linux

package machine

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
)

// container is a process with a root of its own.
type container struct {
	sandbox     *sandbox
	spec        corev1.Container
	dir, root   string
	environment []string
	user, group uint32
	cmd         *exec.Cmd

	ready  atomic.Bool
	cancel context.CancelFunc // of the probes
	probes sync.WaitGroup
	done   chan struct{}
	err    error // valid when done is closed
}

// start makes the root, starts the process, and begins with the probes.
func (c *container) start(ctx context.Context, pod *corev1.Pod) error {
	var err error
	if c.root, err = c.sandbox.root(c.dir, c.spec); err != nil {
		return err
	}
	if c.environment, err = c.sandbox.environment(ctx, pod, c.spec); err != nil {
		return err
	}
	argv, err := c.argv()
	if err != nil {
		return err
	}
	c.user, c.group = c.who()
	log, err := c.sandbox.log(c.spec.Name)
	if err != nil {
		return err
	}
	c.cmd = c.command(argv)
	c.cmd.Stdout, c.cmd.Stderr = log, log
	if err := c.begin(c.cmd); err != nil {
		return errors.Join(err, log.Close())
	}
	go func() {
		defer close(c.done)
		c.err = errors.Join(c.cmd.Wait(), log.Close())
	}()
	probing, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c.cancel = cancel
	c.probes.Go(func() { c.probe(probing) })
	return nil
}

// argv is the command with its arguments; the image of our own program has it as its entry
// point.
func (c *container) argv() ([]string, error) {
	command := c.spec.Command
	if len(command) == 0 && strings.Contains(c.spec.Image, c.sandbox.machine.options.OurImage) {
		command = []string{"/smtp-mirror"}
	}
	if len(command) == 0 {
		return nil, fmt.Errorf("nothing is known of the image %s: the container needs a command", c.spec.Image)
	}
	return expand(slices.Concat(command, c.spec.Args), c.environment), nil
}

// who is the user of the container, or of the Pod; of an image from scratch it is 65532.
func (c *container) who() (user, group uint32) {
	user = 65532
	if s := c.sandbox.pod.Spec.SecurityContext; s != nil {
		user, group = id(s.RunAsUser, user), id(s.RunAsGroup, group)
	}
	if s := c.spec.SecurityContext; s != nil {
		user, group = id(s.RunAsUser, user), id(s.RunAsGroup, group)
	}
	return user, group
}

func id(given *int64, otherwise uint32) uint32 {
	if given == nil {
		return otherwise
	}
	return uint32(*given) //nolint:gosec // a small number
}

func (c *container) command(argv []string) *exec.Cmd {
	groups := []uint32{}
	if s := c.sandbox.pod.Spec.SecurityContext; s != nil && s.FSGroup != nil {
		groups = append(groups, id(s.FSGroup, 0))
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Path, cmd.Dir, cmd.Env = argv[0], "/", c.environment
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: c.root, Setpgid: true, Credential: &syscall.Credential{Uid: c.user, Gid: c.group, Groups: groups}}
	cmd.Err = nil // the path is one in the root
	return cmd
}

// begin starts a process in the Pod's network, where the machine has the Pod's name.
func (c *container) begin(cmd *exec.Cmd) error {
	return c.sandbox.place.do(func() error {
		err := unix.Unshare(unix.CLONE_NEWUTS)
		if err == nil {
			err = unix.Sethostname([]byte(c.sandbox.pod.Name))
		}
		if err != nil {
			return fmt.Errorf("naming the machine: %w", err)
		}
		return cmd.Start()
	})
}

var errNotReady = errors.New("it is not ready, by its probes")

// Ready is what the probes have found.
func (c *container) Ready(context.Context) error {
	if !c.ready.Load() {
		return errNotReady
	}
	return nil
}

// Done is closed when the process has ended.
func (c *container) Done() <-chan struct{} { return c.done }

// Err is how it ended.
func (c *container) Err() error { return c.err }

// Stop ends it with SIGTERM, and with SIGKILL when it does not follow in the Pod's time.
func (c *container) Stop() error {
	c.cancel()
	c.probes.Wait()
	grace := 30 * time.Second
	if s := c.sandbox.pod.Spec.TerminationGracePeriodSeconds; s != nil {
		grace = time.Duration(*s) * time.Second
	}
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(grace):
		_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
		<-c.done
		return fmt.Errorf("%s did not end when it was told to", c.spec.Name)
	}
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL) // what it has left behind
	return nil
}
