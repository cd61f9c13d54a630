package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/openova-io/smtp-mirror/internal/controlplane"
	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
	"github.com/openova-io/smtp-mirror/internal/nodetest"
)

// Options make a [Rig].
type Options struct {
	Dir    string // everything of the rig; must exist
	Mail   Mail
	Binary string // of smtp-mirror; "" = Build makes it
	Pods   bool   // Stalwart runs as a StatefulSet's Pod on the node stand-in
	Extra  string // YAML appended to the configuration
	Config string // YAML instead of the default configuration
}

// Rig is an installation. Its fields may be used freely.
type Rig struct {
	Options
	ControlPlane *controlplane.ControlPlane
	Admin        *kubernetes.Clientset
	AdminConfig  *rest.Config
	Account      *rest.Config // of the controller's ServiceAccount
	Node         *nodetest.Node
	ConfigFile   string
	Kubeconfig   string // of the controller
	HTTP         string // host:port of the controller's metrics and status

	hold    chan struct{} // closed: Stalwart may run
	current atomic.Pointer[mailProcess]
}

// Start starts the control plane and puts the platform's objects into it: what
// the charts would have made before the controller runs for the first time.
func Start(ctx context.Context, o Options) (*Rig, error) {
	r := &Rig{Options: o, ConfigFile: filepath.Join(o.Dir, "config.yaml"), Kubeconfig: filepath.Join(o.Dir, "kubeconfig")}
	port, err := child.FreePort()
	if err != nil {
		return nil, fmt.Errorf("finding a port: %w", err)
	}
	r.HTTP = child.Address(port)
	steps := []func(context.Context) error{r.startControlPlane, r.createObjects, r.configure, r.grant}
	if o.Pods {
		steps = append(steps, r.startPods)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, r.Close())
		}
	}
	return r, nil
}

func (r *Rig) startControlPlane(ctx context.Context) error {
	dir := filepath.Join(r.Dir, "control-plane")
	err := os.MkdirAll(dir, 0o700)
	if err != nil {
		return fmt.Errorf("making a directory: %w", err)
	}
	r.ControlPlane, err = controlplane.Start(ctx, controlplane.Options{Dir: dir, ControllerManager: r.Pods})
	if err != nil {
		return fmt.Errorf("starting the control plane: %w", err)
	}
	r.AdminConfig = rest.CopyConfig(r.ControlPlane.Admin())
	r.AdminConfig.QPS = -1
	r.Admin, err = kubernetes.NewForConfig(r.AdminConfig)
	if err != nil {
		return fmt.Errorf("making the administrator's client: %w", err)
	}
	return nil
}

// Close ends everything that the rig started; the mail server is not its own.
func (r *Rig) Close() error {
	if r.Node != nil {
		r.Node.Stop()
	}
	if r.ControlPlane == nil {
		return nil
	}
	return r.ControlPlane.Close()
}

// Until polls a condition until it holds; the error says what did not happen.
func Until(ctx context.Context, what string, limit time.Duration, holds func(ctx context.Context) bool) (time.Duration, error) {
	begin := time.Now()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds(ctx) {
		select {
		case <-ctx.Done():
			return time.Since(begin), fmt.Errorf("not within %s: %s", limit, what)
		case <-tick.C:
		}
	}
	return time.Since(begin), nil
}
