//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	charts "github.com/openova-io/smtp-mirror/manifests/test"
)

// healing is what any of it may take; the times are said.
const healing = 90 * time.Second

// blind upgrades as a tool does that cannot look up what is there: both Secrets get new
// bytes, and the records are blanked.
func (p *sovereignAct) blind(ctx context.Context) error {
	before := p.data(ctx, mirrorNS, mirror)["smtp-pass"]
	rendered, err := charts.Render(p.helm.chart, charts.Release{Name: release, Namespace: release, Values: p.values()})
	if err != nil {
		return err
	}
	all, err := rendered.Objects()
	if err != nil {
		return err
	}
	begin := time.Now()
	for _, u := range all {
		if u.GetKind() == "Secret" || u.GetName() == release+"-dns-records-required" {
			if err := p.overwrite(ctx, u); err != nil {
				return err
			}
		}
	}
	err = p.until(ctx, "the mirror follows a blind upgrade", healing, func(ctx context.Context) bool {
		now := p.data(ctx, mirrorNS, mirror)["smtp-pass"]
		return now != "" && now != before && p.recordsHave(ctx, "_domainkey."+fqdn)
	})
	if err != nil {
		return err
	}
	p.say("a blind upgrade has made new bytes of both Secrets and blanked the records: mirrored and filled after %.1f s", time.Since(begin).Seconds())
	return p.follow(ctx, p.console, mailHost)
}

// overwrite applies an object as a Helm does that cannot look.
func (g *stage) overwrite(ctx context.Context, u *unstructured.Unstructured) error {
	text, err := u.MarshalJSON()
	if err != nil {
		return err
	}
	force := true
	options := metav1.PatchOptions{FieldManager: "helm", Force: &force}
	if u.GetKind() == "Secret" {
		_, err = g.client.CoreV1().Secrets(u.GetNamespace()).Patch(ctx, u.GetName(), types.ApplyPatchType, text, options)
		return err
	}
	_, err = g.client.CoreV1().ConfigMaps(u.GetNamespace()).Patch(ctx, u.GetName(), types.ApplyPatchType, text, options)
	return err
}

// source writes new bytes into the SOURCE.
func (g *stage) source(ctx context.Context, password string) error {
	patch := fmt.Appendf(nil, `{"stringData":{"smtp-pass":%q}}`, password)
	_, err := g.client.CoreV1().Secrets(release).Patch(ctx, release+"-submission", types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// killLeader deletes the Pod that writes, and something to do: the other one takes over.
func (p *sovereignAct) killLeader(ctx context.Context) error {
	lease, err := p.client.CoordinationV1().Leases(release).Get(ctx, release+"-smtp-mirror", metav1.GetOptions{})
	if err != nil || lease.Spec.HolderIdentity == nil {
		return fmt.Errorf("the Lease has no holder: %w", err)
	}
	leader, err := p.podOf(ctx, *lease.Spec.HolderIdentity)
	if err != nil {
		return err
	}
	if err := p.client.CoreV1().Pods(release).Delete(ctx, leader, metav1.DeleteOptions{}); err != nil {
		return err
	}
	began := time.Now()
	if err := p.deleteMirror(ctx); err != nil {
		return err
	}
	p.say("the leader and the mirror are deleted: mirrored by the other one after %.1f s", time.Since(began).Seconds())
	return nil
}

// outage takes Stalwart away until somebody has been told, and brings it back. A controller
// that is in trouble already tells nothing new.
func (p *sovereignAct) outage(ctx context.Context) error {
	if err := p.until(ctx, "the relay has converged", healing, p.converged); err != nil {
		return err
	}
	if err := p.scale(ctx, 0); err != nil {
		return err
	}
	if err := p.until(ctx, "an Event says that Stalwart is not there", healing, p.told("Unreachable")); err != nil {
		return err
	}
	began := time.Now()
	if err := p.scale(ctx, 1); err != nil {
		return err
	}
	if err := p.settled(ctx); err != nil {
		return err
	}
	p.say("Stalwart was away, an Event has said so, and logins are taken %.1f s after it is wanted again", time.Since(began).Seconds())
	return nil
}

func (p *sovereignAct) scale(ctx context.Context, replicas int) error {
	patch := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas)
	_, err := p.client.AppsV1().StatefulSets(release).Patch(ctx, release, types.MergePatchType, patch, metav1.PatchOptions{}, "scale")
	return err
}

// told waits for an Event since now.
func (p *sovereignAct) told(reason string) func(ctx context.Context) bool {
	since := time.Now()
	return func(ctx context.Context) bool {
		all, err := p.client.EventsV1().Events(release).List(ctx, metav1.ListOptions{})
		return err == nil && slices.ContainsFunc(all.Items, func(e eventsv1.Event) bool {
			return strings.HasSuffix(e.Reason, reason) && e.EventTime.After(since)
		})
	}
}

// badUpgrade is one whose Stalwart does not start: Helm says so, and its rollback needs no
// hand.
func (p *sovereignAct) badUpgrade(ctx context.Context) error {
	bad := p.grown()
	stalwart, _ := bad["stalwart"].(map[string]any) // none: the defaults
	bad["stalwart"] = with(maps.Collect(maps.All(stalwart)), "command", []any{"/no/such/program"})
	const short = 8 * time.Second
	if err := p.helm.upgradeWithin(ctx, short, bad); err == nil {
		return errors.New("an upgrade that cannot work has succeeded")
	}
	began := time.Now()
	if err := p.helm.rollback(p.revision); err != nil {
		return err
	}
	if err := p.settled(ctx); err != nil {
		return err
	}
	p.say("an upgrade whose Stalwart does not start has failed, and helm rollback brings logins back in %.1f s, without a hand", time.Since(began).Seconds())
	return nil
}

// killStalwart ends Stalwart's container.
func (p *sovereignAct) killStalwart(ctx context.Context) error {
	began := time.Now()
	if err := p.machine.RestartContainer(ctx, release, release+"-0", "stalwart"); err != nil {
		return err
	}
	if err := p.settled(ctx); err != nil {
		return err
	}
	p.say("Stalwart has been restarted: logins again after %.1f s", time.Since(began).Seconds())
	return nil
}

// deleteMirror takes the mirror away, and waits until it is there again.
func (p *sovereignAct) deleteMirror(ctx context.Context) error {
	if err := p.client.CoreV1().Secrets(mirrorNS).Delete(ctx, mirror, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return p.proven(ctx)
}

// loseVolume loses all that Stalwart knows: it is seeded anew, and everything is made again.
// Until then a login is refused, which no client of Stalwart can help; and a credential that
// Stalwart itself has made, during an overlap, is lost for good: who has it waits until it is
// rendered again.
func (p *sovereignAct) loseVolume(ctx context.Context) error {
	began := time.Now()
	old, err := p.client.CoreV1().Pods(release).Get(ctx, release+"-0", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if err := os.RemoveAll(p.machine.Claim(release, "data-"+release+"-0")); err != nil {
		return err
	}
	if err := p.client.CoreV1().Pods(release).Delete(ctx, release+"-0", metav1.DeleteOptions{}); err != nil {
		return err
	}
	err = p.until(ctx, "the new Stalwart takes what the mirror holds", healing, func(ctx context.Context) bool { return p.takes(ctx, old.UID) })
	if err != nil {
		return err
	}
	p.say("the volume is lost: seeded and made again, the mirror is proven anew after %.1f s", time.Since(began).Seconds())
	if err := p.follow(ctx, p.console, mailHost); err != nil {
		return err
	}
	p.forgive(began, time.Now())
	return nil
}
