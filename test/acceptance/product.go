package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/dnsrecords"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

// product lets the controller do it (dkim.manage: rotate).
type product struct{ desk }

func (*product) name() string { return "product" }

// tune sets the life of a key, accelerated; a rotation begins when it is asked for.
func (d *product) tune(c *config.Config) {
	c.DKIM.Manage = config.ManageRotate
	c.DKIM.RetireAfter.Duration, c.DKIM.DeleteAfter.Duration = retireAfter, deleteAfter
	c.DKIM.Backup.Enabled = d.x.server.loses
	c.DNS.Look, c.DNS.Servers = true, d.x.world.Addrs()
	c.DNS.Recursive = d.x.world.Resolver.Addr()
}

// prepare waits until every name server knows keys of both algorithms, as whoever sets
// an installation up does before its first mail.
func (d *product) prepare(ctx context.Context) error {
	const patience = time.Minute
	if err := d.signers(ctx); err != nil {
		return err
	}
	_, err := rig.UntilEvery(ctx, 200*time.Millisecond, "the DNS knows keys of both algorithms", patience, func(ctx context.Context) bool {
		records, err := d.x.recorded(ctx)
		var keys []pair
		for _, r := range records {
			if selector, _, is := strings.Cut(r.Name, "._domainkey."); is {
				_, public, _ := strings.Cut(r.Value, "p=")
				algorithm := "rsa"
				if strings.Contains(r.Value, "k=ed25519") {
					algorithm = "ed25519"
				}
				keys = append(keys, pair{selector: selector, algorithm: algorithm, public: public})
			}
		}
		return err == nil && len(keys) >= 2 && d.everywhere(ctx, keys)
	})
	if err != nil {
		return err
	}
	if err := await(ctx, negative+200*time.Millisecond); err != nil {
		return err
	}
	return d.until(ctx, func(string) bool { return true }) // it begins by making keys of its own
}

// signers waits until the controller says that both of its keys are in use: where it has
// made the domain, there are no others, and nobody sends before.
func (d *product) signers(ctx context.Context) error {
	if d.x.server.seeded {
		return nil
	}
	const patience = 2 * time.Minute
	_, err := rig.UntilEvery(ctx, 200*time.Millisecond, "the controller's keys are in use", patience, func(ctx context.Context) bool {
		m, err := d.x.rig.Admin.CoreV1().ConfigMaps(d.x.rig.Home).Get(ctx, rig.RecordsConfigMap, metav1.GetOptions{})
		if err != nil {
			return false
		}
		active := slices.DeleteFunc(dnsrecords.Keys(m.Data[dnsrecords.RecordsKey]), func(k dnsrecords.Key) bool { return k.Stage != "active" })
		return len(active) == 2
	})
	if err != nil {
		return err
	}
	return await(ctx, time.Second) // for the caches that are dropped then
}

// rotate asks for it with the annotation.
func (d *product) rotate(ctx context.Context) error {
	before := d.x.selectors()
	if err := d.ask(ctx); err != nil {
		return err
	}
	return d.until(ctx, func(s string) bool { return !slices.Contains(before, s) })
}

// ask asks for a rotation.
func (d *product) ask(ctx context.Context) error {
	patch := fmt.Sprintf(`{"metadata":{"annotations":{"smtp-mirror.openova.io/rotate":%q}}}`, time.Now().UTC().Format(time.RFC3339Nano))
	_, err := d.x.rig.Admin.CoreV1().ConfigMaps(d.x.rig.Home).Patch(ctx, rig.RecordsConfigMap, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}

// until sends mail until it is signed with a key of each algorithm that the controller
// has made, all of them right. Keys that Stalwart has made go on signing: they are not
// the controller's.
func (d *product) until(ctx context.Context, right func(selector string) bool) error {
	for {
		n, err := d.x.send(ctx)
		if err != nil {
			return err
		}
		m, err := d.x.world.MTA.Await(ctx, subject(n))
		if err != nil {
			return err
		}
		var ours []string
		for _, s := range m.Arrival.Signatures {
			if strings.HasPrefix(s.Selector, "sm") {
				ours = append(ours, s.Selector)
			}
		}
		if len(ours) == 2 && !slices.ContainsFunc(ours, func(s string) bool { return !right(s) }) {
			return nil
		}
		if err := await(ctx, 300*time.Millisecond); err != nil {
			return fmt.Errorf("mail is signed by %v of the controller's keys: %w", ours, err)
		}
	}
}
