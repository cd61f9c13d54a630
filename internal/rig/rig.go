package rig

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/controlplane"
	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
	"github.com/openova-io/smtp-mirror/internal/nodetest"
)

// Options make a [Rig].
type Options struct {
	Dir    string // everything of the rig; must exist
	Mail   Mail
	Binary string               // of smtp-mirror; "" = Build makes it
	Pods   bool                 // Stalwart runs as a StatefulSet's Pod on the node stand-in
	Extra  string               // YAML appended to the configuration
	Config string               // YAML instead of the default configuration
	Tune   func(*config.Config) // has the last word on the configuration

	Plane          *Plane // shared with other rigs; nil = one of its own
	Home, Consumer string // namespaces of Stalwart and of the mirror; "" = the contract's
	Identity       string // POD_UID of the controller; "" = "rig"
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

	own     *Plane        // to close
	hold    chan struct{} // closed: Stalwart may run
	current atomic.Pointer[mailProcess]
}

// prepare makes a rig on which nothing runs yet.
func prepare(o Options) (*Rig, error) {
	if o.Home == "" {
		o.Home = NamespaceStalwart
	}
	if o.Consumer == "" {
		o.Consumer = NamespaceConsumer
	}
	if o.Identity == "" {
		o.Identity = "rig"
	}
	port, err := child.FreePort()
	if err != nil {
		return nil, fmt.Errorf("finding a port: %w", err)
	}
	return &Rig{Options: o, ConfigFile: filepath.Join(o.Dir, "config.yaml"), Kubeconfig: filepath.Join(o.Dir, "kubeconfig"), HTTP: child.Address(port)}, nil
}

// Start starts the control plane, unless there is a shared one, and puts the
// platform's objects into it: what the charts would have made before the
// controller runs for the first time.
func Start(ctx context.Context, o Options) (*Rig, error) {
	r, err := prepare(o)
	if err != nil {
		return nil, err
	}
	steps := []func(context.Context) error{r.startPlane, r.createObjects, r.configure, r.grant}
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

func (r *Rig) startPlane(ctx context.Context) error {
	plane := r.Plane
	if plane == nil {
		var err error
		plane, err = StartPlane(ctx, filepath.Join(r.Dir, "control-plane"), r.Pods)
		r.own = plane
		if err != nil {
			return err
		}
	}
	r.Plane, r.ControlPlane, r.Admin, r.AdminConfig, r.Node = plane, plane.ControlPlane, plane.Admin, plane.AdminConfig, plane.Node
	return nil
}

// Twin is a second replica of the controller in the same installation: another
// Pod with a listener of its own. It is not to be closed.
func (r *Rig) Twin(ctx context.Context, dir, identity string) (*Rig, error) {
	o := r.Options
	o.Dir, o.Identity = dir, identity
	twin, err := prepare(o)
	if err != nil {
		return nil, err
	}
	twin.ControlPlane, twin.Admin, twin.AdminConfig, twin.Account, twin.Kubeconfig = r.ControlPlane, r.Admin, r.AdminConfig, r.Account, r.Kubeconfig
	return twin, twin.configure(ctx)
}

// Close ends everything that the rig started; the mail server and a shared
// control plane are not its own.
func (r *Rig) Close() error {
	if r.own == nil {
		return nil
	}
	return r.own.Close()
}

// Until polls a condition until it holds; the error says what did not happen.
func Until(ctx context.Context, what string, limit time.Duration, holds func(ctx context.Context) bool) (time.Duration, error) {
	return UntilEvery(ctx, 10*time.Millisecond, what, limit, holds)
}

// UntilEvery is [Until] with another pace, for conditions that are dear to ask.
func UntilEvery(ctx context.Context, pace time.Duration, what string, limit time.Duration, holds func(ctx context.Context) bool) (time.Duration, error) {
	begin := time.Now()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(pace)
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
