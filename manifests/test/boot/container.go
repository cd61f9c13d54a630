package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// container is a process with a root of its own.
type container struct {
	spec        corev1.Container
	root        string
	environment []string
	user, group uint32
	cmd         *exec.Cmd
	said        *buffer
	done        chan struct{}
	err         error
}

// buffer is safe for concurrent use.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write takes what a process says.
func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// container makes the root with the mounts, and starts the process.
func (p *pod) container(ctx context.Context, spec corev1.Container, name string) (*container, error) {
	c := &container{spec: spec, said: &buffer{}, done: make(chan struct{})}
	var err error
	if c.root, err = p.boot.root(filepath.Join(p.dir, name)); err != nil {
		return nil, err
	}
	for _, m := range spec.VolumeMounts {
		if err := bind(p.volume(m.Name), c.root+m.MountPath, m.ReadOnly); err != nil {
			return nil, err
		}
	}
	if p.account != "" {
		if err := bind(p.volume("token"), c.root+tokenPath, true); err != nil {
			return nil, err
		}
	}
	if c.environment, err = p.environment(ctx, spec); err != nil {
		return nil, err
	}
	c.user, c.group = p.who(spec)
	c.cmd = c.command(slices.Concat(p.entry(spec), spec.Args))
	c.cmd.Stdout, c.cmd.Stderr = c.said, c.said
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(c.done)
		c.err = c.cmd.Wait()
	}()
	return c, nil
}

// entry is the command, or what the image of our own program has as its entry point.
func (p *pod) entry(c corev1.Container) []string {
	if len(c.Command) > 0 {
		return c.Command
	}
	return []string{"/smtp-mirror"}
}

// who is the user of the container, or of the Pod; of an image from scratch it is 65532.
func (p *pod) who(c corev1.Container) (user, group uint32) {
	user, group = 65532, uint32(p.group()) //nolint:gosec // small numbers
	if s := p.spec.SecurityContext; s != nil && s.RunAsUser != nil {
		user = uint32(*s.RunAsUser) //nolint:gosec // a small number
	}
	if s := c.SecurityContext; s != nil && s.RunAsUser != nil {
		user = uint32(*s.RunAsUser) //nolint:gosec // a small number
	}
	return user, group
}

func (c *container) command(argv []string) *exec.Cmd {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Path, cmd.Dir, cmd.Env = argv[0], "/", c.environment
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: c.root, Credential: &syscall.Credential{Uid: c.user, Gid: c.group}, Pdeathsig: syscall.SIGKILL}
	cmd.Err = nil // the path is one in the root
	return cmd
}

func (c *container) output() string {
	lines := strings.Split(strings.TrimSpace(c.said.String()), "\n")
	const most = 25
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}

// wait waits for the end, which must be a good one.
func (c *container) wait(ctx context.Context) error {
	select {
	case <-c.done:
	case <-ctx.Done():
		return errors.Join(ctx.Err(), c.stop())
	}
	if c.err != nil {
		return fmt.Errorf("%w; it said:\n%s", c.err, c.output())
	}
	return nil
}

// stop ends it with SIGTERM, and with SIGKILL when it does not follow.
func (c *container) stop() error {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	const grace = 20 * time.Second
	select {
	case <-c.done:
		return nil
	case <-time.After(grace):
		_ = c.cmd.Process.Kill()
		<-c.done
		return errors.New(c.spec.Name + " did not end when it was told to")
	}
}

// probed carries a probe out until it succeeds, or has failed too often.
func (c *container) probed(ctx context.Context, p *corev1.Probe) error {
	if p == nil {
		return nil
	}
	period := time.Duration(max(p.PeriodSeconds, 1)) * time.Second
	var err error
	for range max(p.FailureThreshold, 3) {
		if err = c.probe(ctx, p); err == nil {
			return nil
		}
		select {
		case <-c.done:
			return fmt.Errorf("it has ended: %w", errors.Join(c.err, err))
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(period):
		}
	}
	return err
}

func (c *container) probe(ctx context.Context, p *corev1.Probe) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(max(p.TimeoutSeconds, 1))*time.Second)
	defer cancel()
	switch {
	case p.Exec != nil:
		cmd := c.command(p.Exec.Command)
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
		}
		return nil
	case p.HTTPGet != nil:
		return get(ctx, fmt.Sprintf("http://127.0.0.1:%d%s", c.port(p.HTTPGet.Port.String()), p.HTTPGet.Path))
	}
	return errors.New("a probe of a kind that is not known here")
}

// port is a number, or the name of one.
func (c *container) port(name string) int32 {
	for _, p := range c.spec.Ports {
		if p.Name == name || fmt.Sprint(p.ContainerPort) == name {
			return p.ContainerPort
		}
	}
	return 0
}

func get(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusBadRequest {
		return errors.New(url + " answers " + response.Status)
	}
	return nil
}

// root makes the file system of a container: ours, with our program, the names of the
// Services, and the authority of the platform.
func (b *boot) root(dir string) (string, error) {
	root, err := makeRoot(dir)
	if err != nil {
		return "", err
	}
	program, err := os.ReadFile(b.program)
	if err != nil {
		return "", err
	}
	const hosts = "127.0.0.1 localhost\n"
	for name, file := range map[string]struct {
		text []byte
		mode os.FileMode
	}{"/smtp-mirror": {program, 0o755}, "/etc/hosts": {[]byte(hosts), 0o644}, "/etc/ssl/certs/ca-certificates.crt": {b.cluster.ca.PEM(), 0o644}, "/etc/resolv.conf": {[]byte("nameserver 127.0.0.1\n"), 0o644}} {
		path := root + name
		_ = os.Remove(path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, file.text, file.mode)); err != nil { //nolint:gosec // other users read it
			return "", err
		}
	}
	return root, nil
}
