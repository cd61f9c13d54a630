//go:build linux

package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// sidecar is the controller in the Pod of somebody's own Stalwart, which it reaches over
// loopback.
func sidecar(ctx context.Context, g *stage) error {
	console, err := g.consoleOf(ctx, oldHost)
	if err != nil {
		return err
	}
	h, err := g.helm("", release, release)
	if err != nil {
		return err
	}
	h.chart = filepath.Join("testdata", "sidecar")
	values := map[string]any{"domain": fqdn}
	if g.stalwart != "" {
		values["store"] = map[string]any{"@type": "Sqlite", "path": "/var/lib/stalwart/data.sqlite"}
	}
	begin := time.Now()
	err = g.steps(ctx,
		func(ctx context.Context) error { return h.install(ctx, values) },
		g.proven,
		func(ctx context.Context) error { return g.besides(ctx, begin) },
		func(ctx context.Context) error { return g.follow(ctx, console, mailHost) },
		func(ctx context.Context) error { return g.rights(ctx, release, "mail") },
	)
	if err != nil {
		return err
	}
	return g.report(oldHost, mailHost)
}

// besides looks where Kubernetes shows a native sidecar.
func (g *stage) besides(ctx context.Context, begin time.Time) error {
	pod, err := g.client.CoreV1().Pods(release).Get(ctx, "mail-0", metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, s := range pod.Status.InitContainerStatuses {
		if s.Name == "smtp-mirror" && s.Ready && s.State.Running != nil && pod.Status.Phase == corev1.PodRunning {
			g.say("the controller runs as a native sidecar of Stalwart's Pod, and the mirror is proven, %.1f s after the install began", time.Since(begin).Seconds())
			return nil
		}
	}
	return errors.New("the sidecar does not run in mail-0")
}
