//go:build linux

package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/internal/nodetest"
)

// sandbox is where a Pod runs.
type sandbox struct {
	machine *Machine
	pod     *corev1.Pod // as it was when it was bound
	place   *place
	dir     string

	end     context.CancelFunc // of what follows objects
	follows sync.WaitGroup

	mu    sync.Mutex
	count int // of containers that were started
}

// sandbox makes the network and the volumes of a Pod.
func (m *Machine) sandbox(ctx context.Context, pod *corev1.Pod) (nodetest.Sandbox, error) {
	place, err := m.network.plug()
	if err != nil {
		return nil, err
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	s := &sandbox{machine: m, pod: pod, place: place, end: end, dir: filepath.Join(m.options.Dir, "pods", string(pod.UID))}
	if err := errors.Join(s.sysctls(), s.volumes(ctx, life)); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *sandbox) sysctls() error {
	c := s.pod.Spec.SecurityContext
	if c == nil {
		return nil
	}
	for _, one := range c.Sysctls {
		if err := s.place.sysctl(one.Name, one.Value); err != nil {
			return fmt.Errorf("the sysctl %s: %w", one.Name, err)
		}
	}
	return nil
}

// IP is the Pod's address.
func (s *sandbox) IP() string { return s.place.ip.String() }

// Run starts a container.
func (s *sandbox) Run(ctx context.Context, pod *corev1.Pod, spec corev1.Container) (nodetest.Process, error) {
	s.mu.Lock()
	s.count++
	number := s.count
	s.mu.Unlock()
	c := &container{sandbox: s, spec: spec, dir: filepath.Join(s.dir, fmt.Sprintf("%d-%s", number, spec.Name)), done: make(chan struct{})}
	if err := c.start(ctx, pod); err != nil {
		return nil, fmt.Errorf("the container %s: %w", spec.Name, err)
	}
	return c, nil
}

// Close ends what follows objects, and takes the network away. Mounts stay until the end of
// all: nothing in here can be removed safely.
func (s *sandbox) Close() error {
	s.end()
	s.follows.Wait()
	return s.place.close()
}

// log is where what a container says is kept, under a name that says whose it is.
func (s *sandbox) log(container string) (*os.File, error) {
	dir := filepath.Join(s.machine.options.Dir, "logs")
	if err := os.MkdirAll(dir, traverse); err != nil { //nolint:gosec // see traverse
		return nil, err
	}
	name := fmt.Sprintf("%s_%s_%s.log", s.pod.Namespace, s.pod.Name, container)
	return os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}
