//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// goal is that of the issue: from the install to a proven mirror.
const goal = 20 * time.Second

// values are those of somebody who has a certificate. Programs that were built without
// RocksDB have SQLite.
func (g *stage) values() map[string]any {
	values := map[string]any{"sovereignFQDN": fqdn, "certificate": map[string]any{"existingSecret": tlsName}}
	if g.stalwart != "" {
		values["stalwart"] = map[string]any{"store": map[string]any{"@type": "Sqlite", "path": "/var/lib/stalwart/data.sqlite"}}
	}
	return values
}

// with lays more values over some, a level deep.
func with(values map[string]any, name string, value any) map[string]any {
	values[name] = value
	return values
}

// sovereign is the life of bp-stalwart-sovereign.
func sovereign(ctx context.Context, g *stage) error {
	p := &sovereignAct{stage: g}
	var err error
	if p.console, err = g.consoleOf(ctx, oldHost); err != nil {
		return err
	}
	if p.helm, err = g.helm("stalwart-sovereign", release, release); err != nil {
		return err
	}
	err = g.steps(ctx,
		p.install, p.cutover, p.upgrade, p.grow, p.policy, p.blind, p.killLeader, p.killStalwart, p.outage,
		p.loseVolume, p.loseVolume, // the second time is told as a series of Events
		p.back, p.badUpgrade,
		func(ctx context.Context) error { return g.rights(ctx, release, release+"-smtp-mirror") },
		p.uninstall,
	)
	if err != nil {
		return err
	}
	return g.report(oldHost, mailHost)
}

type sovereignAct struct {
	*stage
	helm, console *helm
	revision      int // that is gone back to
}

func word(reached bool) string {
	if reached {
		return "reached"
	}
	return "MISSED"
}

// install is what the owner does; nothing else is to be done.
func (p *sovereignAct) install(ctx context.Context) error {
	begin := time.Now()
	if err := p.helm.install(ctx, p.values()); err != nil {
		return err
	}
	p.say("helm install --wait has returned after %.1f s", time.Since(begin).Seconds())
	if err := p.proven(ctx); err != nil {
		return err
	}
	took := time.Since(begin)
	p.say("the mirror is proven, %.1f s after the install began (goal %s: %s)", took.Seconds(), goal, word(took <= goal))
	return p.test(p.helm, release+"-login")
}

// cutover renders the consumer again, as Flux does it every quarter of an hour.
func (p *sovereignAct) cutover(ctx context.Context) error {
	return p.follow(ctx, p.console, mailHost)
}

// upgrade with nothing new restarts nobody.
func (p *sovereignAct) upgrade(ctx context.Context) error {
	before, err := p.lives(ctx)
	if err != nil {
		return err
	}
	if err := p.helm.upgrade(ctx, p.values()); err != nil {
		return err
	}
	after, err := p.lives(ctx)
	if err != nil {
		return err
	}
	if before != after {
		return fmt.Errorf("an upgrade without a change has restarted something:\n%s\n%s", before, after)
	}
	p.say("an upgrade without a change restarts nobody")
	return nil
}

// grown are the values with a larger volume.
func (p *sovereignAct) grown() map[string]any {
	return with(p.values(), "persistence", map[string]any{"spool": map[string]any{"size": "20Gi"}})
}

// grow makes the StatefulSet anew with another size, as docs/install.md says: the chart
// refuses it in place, and the Pod goes on.
func (p *sovereignAct) grow(ctx context.Context) error {
	larger := p.grown()
	if said := fmt.Sprint(p.helm.upgrade(ctx, larger)); !strings.Contains(said, "persistence.spool.size") {
		return errors.New("another size in place: " + said)
	}
	before, err := p.lives(ctx)
	if err != nil {
		return err
	}
	orphan := metav1.DeletePropagationOrphan
	if err := p.client.AppsV1().StatefulSets(release).Delete(ctx, release, metav1.DeleteOptions{PropagationPolicy: &orphan}); err != nil {
		return err
	}
	gone := func(ctx context.Context) bool {
		_, err := p.client.AppsV1().StatefulSets(release).Get(ctx, release, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	}
	if err := p.until(ctx, "the StatefulSet is gone", healing, gone); err != nil {
		return err
	}
	if err := p.helm.upgrade(ctx, larger); err != nil {
		return err
	}
	if p.revision, err = p.helm.revision(); err != nil {
		return err
	}
	if after, err := p.lives(ctx); err != nil || after != before {
		return fmt.Errorf("a larger volume has restarted something: %w\n%s\n%s", err, before, after)
	}
	p.say("a larger volume: refused in place with its reason, and taken by the documented way, without a restart")
	return nil
}

// policy is a changed value of the controller's configuration: it arrives in the file.
func (p *sovereignAct) policy(ctx context.Context) error {
	if err := p.helm.upgrade(ctx, with(p.grown(), "dns", map[string]any{"spf": map[string]any{"policy": "-all"}})); err != nil {
		return err
	}
	const wanted = "v=spf1 a mx -all"
	if err := p.until(ctx, "the records follow the policy", time.Minute, func(ctx context.Context) bool { return p.recordsHave(ctx, wanted) }); err != nil {
		return err
	}
	p.say("another policy reaches the records, without a restart of the controller")
	return nil
}

// back is a rollback to before the other policy.
func (p *sovereignAct) back(ctx context.Context) error {
	if err := p.helm.rollback(p.revision); err != nil {
		return err
	}
	if err := p.until(ctx, "the records follow the rollback", time.Minute, func(ctx context.Context) bool { return p.recordsHave(ctx, "v=spf1 a mx ~all") }); err != nil {
		return err
	}
	if err := p.settled(ctx); err != nil {
		return err
	}
	p.say("a rollback brings the first policy back")
	return p.test(p.helm, release+"-login")
}

// uninstall leaves what is to be kept.
func (p *sovereignAct) uninstall(ctx context.Context) error {
	if err := p.helm.uninstall(); err != nil {
		return err
	}
	for _, kept := range [][2]string{{release, release + "-admin"}, {release, release + "-submission"}, {mirrorNS, mirror}} {
		if p.data(ctx, kept[0], kept[1]) == nil {
			return fmt.Errorf("the Secret %s/%s is gone", kept[0], kept[1])
		}
	}
	if !p.recordsHave(ctx, "_domainkey."+fqdn) {
		return errors.New("the records are gone")
	}
	p.say("after helm uninstall --wait both Secrets, the records and the mirror are there")
	return nil
}
