package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// limit is how long a step may take before it counts as not healed.
const limit = 30 * time.Second

// step does something to the installation and waits until it is whole again.
func (d *demo) step(ctx context.Context, what string, do func(context.Context) error, healed func(context.Context) bool) {
	begin := time.Now()
	err := do(ctx)
	if err == nil {
		_, err = rig.Until(ctx, what, limit, healed)
	}
	r := row{what, time.Since(begin), err}
	d.rows = append(d.rows, r)
	if err != nil {
		d.failed++
		fmt.Printf("  %-58s NOT HEALED: %v\n", what, err)
		return
	}
	fmt.Printf("  %-58s %7.3f s\n", what, r.took.Seconds())
}

// play goes through what happens to such an installation in its life.
func (d *demo) play(ctx context.Context) error {
	fmt.Println("\nthe installation, as the charts leave it: phase-1 seed in place, Stalwart empty")
	if !d.mailReady(ctx) {
		return fmt.Errorf("the mail server's Pod is not ready")
	}
	d.step(ctx, "controller starts -> relay made (account, send-as)", d.start, func(ctx context.Context) bool { return d.rig.HasEvent(ctx, "AccountCreated") })
	d.step(ctx, "                  -> proven by a real login", nothing, d.proven)
	d.step(ctx, "                  -> cutover: the mirror is our own relay", nothing, func(ctx context.Context) bool { return d.rig.MirrorHolds(ctx, rig.FirstPassword) })
	d.step(ctx, "                  -> DKIM record converged", d.makeKey, d.recorded)
	fmt.Println()
	d.step(ctx, "password rotated in the source", func(ctx context.Context) error { return d.rig.SetSource(ctx, rig.SecondPassword) },
		func(ctx context.Context) bool { return d.rig.MirrorHolds(ctx, rig.SecondPassword) })
	d.step(ctx, "mirror edited by somebody", d.edit, func(ctx context.Context) bool { return d.rig.MirrorHolds(ctx, rig.SecondPassword) })
	d.step(ctx, "mirror deleted by somebody", func(ctx context.Context) error {
		return d.rig.Admin.CoreV1().Secrets(rig.NamespaceConsumer).Delete(ctx, rig.MirrorSecret, metav1.DeleteOptions{})
	}, func(ctx context.Context) bool { return d.rig.MirrorHolds(ctx, rig.SecondPassword) })
	d.step(ctx, "dns-records blanked by an \"upgrade\"", func(ctx context.Context) error { return d.rig.SetRecords(ctx, rig.Records) }, d.recorded)
	d.outages(ctx)
	return ctx.Err()
}

// outages are the two ways in which Stalwart goes away.
func (d *demo) outages(ctx context.Context) {
	var since time.Time
	provenSince := func(ctx context.Context) bool {
		targets, _, err := d.rig.Status(ctx)
		at, parse := time.Parse(time.RFC3339Nano, targets["relay/console"].LastProof)
		return err == nil && parse == nil && at.After(since) && targets["relay/console"].Outcome == "Converged"
	}
	d.step(ctx, "Stalwart restarted, its volume lost: all grants gone", func(ctx context.Context) error {
		since = time.Now()
		if err := d.mail.Wipe(); err != nil {
			return err
		}
		return d.rig.Node.RestartContainer(ctx, rig.NamespaceStalwart, rig.NamespaceStalwart+"-0", "stalwart")
	}, provenSince)
	d.step(ctx, "Stalwart goes down: noticed, the mirror stays as it is", func(context.Context) error { return d.rig.Down() },
		func(ctx context.Context) bool {
			outcome, _ := d.rig.Outcome(ctx, "relay/console")
			return outcome == "Retrying" && d.rig.MirrorHolds(ctx, rig.SecondPassword)
		})
	d.step(ctx, "Stalwart comes back: proven again", func(context.Context) error {
		since = time.Now()
		d.rig.Up()
		return nil
	}, provenSince)
}

func nothing(context.Context) error { return nil }

func (d *demo) start(context.Context) error {
	var err error
	d.process, err = d.rig.Run("run", "--log-level", "info")
	return err
}

func (d *demo) proven(ctx context.Context) bool {
	outcome, _ := d.rig.Outcome(ctx, "relay/console")
	return outcome == "Converged"
}

// mailReady waits for the Pod, which starts the mail server.
func (d *demo) mailReady(ctx context.Context) bool {
	_, err := rig.Until(ctx, "the Pod is ready", limit, func(ctx context.Context) bool {
		s, err := d.rig.Admin.AppsV1().StatefulSets(rig.NamespaceStalwart).Get(ctx, rig.NamespaceStalwart, metav1.GetOptions{})
		return err == nil && s.Status.ReadyReplicas == 1
	})
	return err == nil
}

func (d *demo) edit(ctx context.Context) error {
	patch := []byte(`{"stringData":{"smtp-host":"mail.attacker.test"},"metadata":{"labels":{"catalyst.openova.io/seed-phase":null}}}`)
	_, err := d.rig.Admin.CoreV1().Secrets(rig.NamespaceConsumer).Patch(ctx, rig.MirrorSecret, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// makeKey makes a DKIM key where Stalwart does not by itself: 0.15.
func (d *demo) makeKey(ctx context.Context) error { return rig.MakeKey(ctx, d.mail) }

// recorded reports whether records.json shows a key, and lists it.
func (d *demo) recorded(ctx context.Context) bool {
	var records struct {
		DKIM     struct{ PublicKey string }
		DKIMKeys []struct{ PublicKey string }
	}
	text := d.rig.Records(ctx, "records.json")
	return json.Unmarshal([]byte(text), &records) == nil && records.DKIM.PublicKey != "" && len(records.DKIMKeys) > 0 &&
		strings.Contains(d.rig.Records(ctx, "README.md"), records.DKIM.PublicKey)
}
