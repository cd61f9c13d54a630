//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/kube"
	released "helm.sh/helm/v4/pkg/release/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	charts "github.com/openova-io/smtp-mirror/manifests/test"
)

// helmPatience is what `helm --wait` is given.
const helmPatience = 2 * time.Minute

// helm is Helm for one release.
type helm struct {
	config          *action.Configuration
	chart           string
	name, namespace string // of the release
}

// helm prepares Helm for a release of a chart.
func (g *stage) helm(chart, name, namespace string) (*helm, error) {
	path := filepath.Join(g.dir, "admin.kubeconfig")
	if err := g.plane.WriteKubeconfig(path, g.plane.Admin()); err != nil {
		return nil, err
	}
	flags := genericclioptions.NewConfigFlags(true)
	flags.KubeConfig, flags.Namespace = &path, &namespace
	h := &helm{config: action.NewConfiguration(), chart: filepath.Join(g.charts, chart), name: name, namespace: namespace}
	kube.ManagedFieldsManager = "helm" // as the program of that name
	h.config.SetLogger(slog.NewTextHandler(io.Discard, nil))
	return h, h.config.Init(flags, namespace, "secret")
}

// install is `helm install --wait`.
func (h *helm) install(ctx context.Context, values map[string]any) error {
	c, err := charts.Load(h.chart)
	if err != nil {
		return err
	}
	i := action.NewInstall(h.config)
	i.ReleaseName, i.Namespace, i.WaitStrategy, i.Timeout = h.name, h.namespace, kube.StatusWatcherStrategy, helmPatience
	if _, err := i.RunWithContext(ctx, c, values); err != nil {
		return fmt.Errorf("helm install --wait: %w", err)
	}
	return nil
}

// upgrade is `helm upgrade --wait`.
func (h *helm) upgrade(ctx context.Context, values map[string]any) error {
	return h.upgradeWithin(ctx, helmPatience, values)
}

func (h *helm) upgradeWithin(ctx context.Context, patience time.Duration, values map[string]any) error {
	c, err := charts.Load(h.chart)
	if err != nil {
		return err
	}
	u := action.NewUpgrade(h.config)
	u.Namespace, u.WaitStrategy, u.Timeout, u.ServerSideApply = h.namespace, kube.StatusWatcherStrategy, patience, "auto"
	if _, err := u.RunWithContext(ctx, h.name, c, values); err != nil {
		return fmt.Errorf("helm upgrade --wait: %w", err)
	}
	return nil
}

// revision is the newest that is deployed.
func (h *helm) revision() (int, error) {
	found, err := h.config.Releases.Deployed(h.name)
	if err != nil {
		return 0, err
	}
	return found.(*released.Release).Version, nil
}

// rollback is `helm rollback --wait`.
func (h *helm) rollback(revision int) error {
	r := action.NewRollback(h.config)
	r.Version, r.WaitStrategy, r.Timeout, r.ServerSideApply = revision, kube.StatusWatcherStrategy, helmPatience, "auto"
	if err := r.Run(h.name); err != nil {
		return fmt.Errorf("helm rollback --wait: %w", err)
	}
	return nil
}

// uninstall is `helm uninstall --wait`.
func (h *helm) uninstall() error {
	u := action.NewUninstall(h.config)
	u.WaitStrategy, u.Timeout = kube.StatusWatcherStrategy, helmPatience
	if _, err := u.Run(h.name); err != nil {
		return fmt.Errorf("helm uninstall --wait: %w", err)
	}
	return nil
}

// test is `helm test --logs`.
func (g *stage) test(h *helm, pod string) error {
	t := action.NewReleaseTesting(h.config)
	t.Namespace, t.Timeout = h.namespace, helmPatience
	log := filepath.Join(g.dir, "logs", fmt.Sprintf("%s_%s_login.log", h.namespace, pod))
	_ = os.Remove(log) // of the last time
	_, shutdown, err := t.Run(h.name)
	said, _ := os.ReadFile(log) //nolint:gosec // our own; absent: it never ran
	if err != nil {
		return fmt.Errorf("helm test: %w; it said: %s", err, said)
	}
	g.say("helm test: %s", bytes.TrimSpace(said))
	return shutdown()
}
