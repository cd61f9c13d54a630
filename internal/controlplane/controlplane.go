package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
)

// Options are the choices a test has. The zero value is a control plane
// without controllers in a temporary directory.
type Options struct {
	// Dir holds data, keys and certificates. Empty means a temporary
	// directory that Close removes. A control plane started again on the same
	// directory has the old objects, and new certificates.
	Dir string
	// ControllerManager starts the controllers of StatefulSets, Deployments,
	// namespaces and service accounts, and the garbage collector.
	ControllerManager bool
	// Controllers are more of them, by the names that kube-controller-manager has for them.
	Controllers []string
	// Logs receives the output of all processes; it must be safe for
	// concurrent use.
	Logs io.Writer
	// APIServerFlags come after the built-in flags, so they win.
	APIServerFlags []string
}

// ControlPlane is a running control plane.
type ControlPlane struct {
	options Options
	bin     string
	dir     string
	ports   ports
	files   files
	admin   *rest.Config

	mu          sync.Mutex
	etcd        *child.Process
	apiserver   *child.Process
	controllers *child.Process
}

type ports struct{ etcd, peer, api, controllers int }

// Start starts a control plane and waits until its API answers with the RBAC
// roles in place. The processes live until Close, not until ctx ends.
func Start(ctx context.Context, o Options) (*ControlPlane, error) {
	c, err := prepare(o)
	if err != nil {
		return nil, err
	}
	if err := c.startAll(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// prepare does all that comes before the first process.
func prepare(o Options) (*ControlPlane, error) {
	bin, err := Available()
	if err != nil {
		return nil, err
	}
	if o.ControllerManager && !executable(filepath.Join(bin, controllerBinary)) {
		return nil, fmt.Errorf("%w: %s not found in %s (%s); unset the variable and run `make controlplane`",
			ErrUnavailable, controllerBinary, bin, assetsVariable)
	}
	free, err := child.FreePorts(4)
	if err != nil {
		return nil, err
	}
	c := &ControlPlane{options: o, bin: bin, ports: ports{free[0], free[1], free[2], free[3]}}
	if c.dir, err = directory(o.Dir); err != nil {
		return nil, err
	}
	if err := c.writeFiles(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func directory(wanted string) (string, error) {
	if wanted == "" {
		dir, err := os.MkdirTemp("", "controlplane-")
		if err != nil {
			return "", fmt.Errorf("make a temporary directory: %w", err)
		}
		return dir, nil
	}
	dir, err := filepath.Abs(wanted)
	if err != nil {
		return "", fmt.Errorf("resolve the data directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the data directory: %w", err)
	}
	return dir, nil
}

func (c *ControlPlane) startAll(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.startEtcd(ctx); err != nil {
		return err
	}
	if err := c.startAPIServer(ctx); err != nil {
		return err
	}
	if !c.options.ControllerManager {
		return nil
	}
	return c.startControllers(ctx)
}

// Admin is a new configuration of a user who may do everything. It has no
// client-side rate limit.
func (c *ControlPlane) Admin() *rest.Config { return rest.CopyConfig(c.admin) }

// Close ends all processes and removes the temporary directory, if there is
// one. It may be called more than once.
func (c *ControlPlane) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	// The data is thrown away or was never synced in the first place, so
	// there is nothing that a polite end would save. Clients end before the
	// servers they talk to.
	var errs []error
	for _, p := range []**child.Process{&c.controllers, &c.apiserver, &c.etcd} {
		errs = append(errs, end(p, (*child.Process).Kill))
	}
	if c.options.Dir == "" {
		errs = append(errs, os.RemoveAll(c.dir))
	}
	return errors.Join(errs...)
}

// end ends a process, if there is one, and forgets it.
func end(p **child.Process, how func(*child.Process) error) error {
	if *p == nil {
		return nil
	}
	if err := how(*p); err != nil {
		return err
	}
	*p = nil
	return nil
}

// politely lets a process close its listeners in order. The API server waits
// up to a minute for its watchers to leave; a test that stops it wants them
// cut off.
func politely(p *child.Process) error {
	const grace = time.Second
	return p.Stop(grace)
}
