//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// oldName is how the old chart called its objects in this release.
const oldName = "stalwart-sovereign-bp-stalwart-sovereign"

// migrate upgrades a release of the old chart. Its Stalwart never worked, so the consumer
// sends through the mothership. The certificate is cert-manager's, as in slot 95.
func migrate(ctx context.Context, g *stage) error {
	if err := g.issuer(ctx); err != nil {
		return err
	}
	h, err := g.helm("stalwart-sovereign", release, release)
	if err != nil {
		return err
	}
	console, err := g.oldRelease(ctx, h)
	if err != nil {
		return errors.Join(err, g.describe(ctx))
	}
	err = g.steps(ctx,
		func(ctx context.Context) error { return g.newRelease(ctx, h) },
		func(ctx context.Context) error { return g.follow(ctx, console, mailHost) },
		g.oldObjects,
		func(ctx context.Context) error { return g.rights(ctx, release, release+"-smtp-mirror") },
	)
	if err != nil {
		return err
	}
	return g.report(oldHost, mailHost)
}

// oldRelease installs what is in the field.
func (g *stage) oldRelease(ctx context.Context, h *helm) (console *helm, err error) {
	chart := h.chart
	defer func() { h.chart = chart }()
	h.chart = filepath.Join("testdata", "old")
	if err := h.install(ctx, map[string]any{"sovereignFQDN": fqdn}); err != nil {
		return nil, err
	}
	g.say("a release of the old chart is there, in bootstrap mode as ever")
	return g.consoleOf(ctx, oldHost)
}

// newRelease upgrades it.
func (g *stage) newRelease(ctx context.Context, h *helm) error {
	before := g.data(ctx, release, release+"-submission")["smtp-pass"]
	begin := time.Now()
	if err := h.upgrade(ctx, with(g.values(), "certificate", map[string]any{"enabled": true})); err != nil {
		return err
	}
	if err := g.proven(ctx); err != nil {
		return err
	}
	took := time.Since(begin)
	g.say("helm upgrade --wait to the new chart has waited for a certificate that took %s to be issued; the mirror is proven after %.1f s (goal %s beside that: %s)", issuing, took.Seconds(), goal, word(took-issuing <= goal))
	if g.data(ctx, release, release+"-submission")["smtp-pass"] != before {
		return errors.New("the SOURCE has other bytes than before")
	}
	return g.test(h, release+"-login")
}

// oldObjects are gone but for what the old chart promised to keep.
func (g *stage) oldObjects(ctx context.Context) error {
	if _, err := g.client.CoreV1().ConfigMaps(release).Get(ctx, oldName+"-dns-records-required", metav1.GetOptions{}); err != nil {
		return fmt.Errorf("the old records are gone: %w", err)
	}
	if _, err := g.client.CoreV1().ConfigMaps(release).Get(ctx, oldName+"-config", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		return fmt.Errorf("the old configuration is still there: %w", err)
	}
	sets, err := g.client.AppsV1().StatefulSets(release).List(ctx, metav1.ListOptions{})
	if err != nil || len(sets.Items) != 1 || sets.Items[0].Name != release {
		return fmt.Errorf("%d StatefulSets: %w", len(sets.Items), err)
	}
	g.say("of the old objects those that are to be kept are there, and no others")
	return nil
}
