//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// tools is the namespace of the controller beside a Stalwart of one's own.
const tools = "mail-tools"

// own is the controller's chart alone, for somebody who has a Stalwart: here the blueprint's,
// which is told that it has no controller. The records are a ConfigMap that was made by hand.
func own(ctx context.Context, g *stage) error {
	console, err := g.ownStalwart(ctx)
	if err != nil {
		return errors.Join(err, g.describe(ctx))
	}
	h, err := g.helm("smtp-mirror", "smtp-mirror", tools)
	if err != nil {
		return err
	}
	err = g.steps(ctx,
		func(ctx context.Context) error { return g.ownInstall(ctx, h) },
		func(ctx context.Context) error { return g.follow(ctx, console, mailHost) },
		func(ctx context.Context) error { return g.ownLife(ctx, h) },
		func(ctx context.Context) error { return g.rights(ctx, tools, "smtp-mirror") },
		func(ctx context.Context) error { return g.ownEnd(ctx, h) },
	)
	if err != nil {
		return err
	}
	return g.report(oldHost, mailHost)
}

// ownStalwart is what is there before the controller.
func (g *stage) ownStalwart(ctx context.Context) (console *helm, err error) {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: tools, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}}}
	if _, err := g.client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	records := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: release, Name: release + "-dns-records-required"}, Data: map[string]string{"by-hand": "yes"}}
	if _, err := g.client.CoreV1().ConfigMaps(release).Create(ctx, records, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	h, err := g.helm("stalwart-sovereign", release, release)
	if err != nil {
		return nil, err
	}
	values := with(with(g.values(), "controller", map[string]any{"enabled": false}), "dnsRecords", map[string]any{"enabled": false})
	if err := h.install(ctx, values); err != nil {
		return nil, err
	}
	g.say("a Stalwart without a controller is there")
	return g.consoleOf(ctx, oldHost)
}

func ownValues(spf string) map[string]any {
	return map[string]any{"config": map[string]any{"domain": fqdn, "tls": map[string]any{"secret": tlsName}, "leaderElection": map[string]any{"namespace": tools},
		"dns": map[string]any{"spf": map[string]any{"policy": spf}}}}
}

func (g *stage) ownInstall(ctx context.Context, h *helm) error {
	begin := time.Now()
	if err := h.install(ctx, ownValues("~all")); err != nil {
		return err
	}
	if err := g.proven(ctx); err != nil {
		return err
	}
	took := time.Since(begin)
	g.say("the controller's chart is installed with --wait, and the mirror proven, in %.1f s (goal %s: %s)", took.Seconds(), goal, word(took <= goal))
	return nil
}

// ownLife is an upgrade with another policy, and the way back.
func (g *stage) ownLife(ctx context.Context, h *helm) error {
	for _, change := range []struct {
		what string
		do   func() error
		want string
	}{
		{"an upgrade", func() error { return h.upgrade(ctx, ownValues("-all")) }, "v=spf1 a mx -all"},
		{"a rollback", func() error { return h.rollback(1) }, "v=spf1 a mx ~all"},
	} {
		if err := change.do(); err != nil {
			return err
		}
		if err := g.until(ctx, "the records follow "+change.what, time.Minute, func(ctx context.Context) bool { return g.recordsHave(ctx, change.want) }); err != nil {
			return err
		}
	}
	g.say("an upgrade and a rollback of the configuration reach the records")
	return g.settled(ctx)
}

// ownEnd takes the controller away: consumers go on with what they have.
func (g *stage) ownEnd(ctx context.Context, h *helm) error {
	if err := h.uninstall(); err != nil {
		return err
	}
	if got := g.data(ctx, mirrorNS, mirror)["smtp-host"]; got != mailHost {
		return fmt.Errorf("the mirror names %q", got)
	}
	g.say("after helm uninstall --wait the mirror is there")
	return g.settled(ctx)
}
