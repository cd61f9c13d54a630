package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

// product lets the controller do it (dkim.manage: rotate).
type product struct{ desk }

func (*product) name() string { return "product" }

// tune sets the life of a key, accelerated; a rotation begins when it is asked for.
func (d *product) tune(c *config.Config) {
	c.DKIM.Manage = config.ManageRotate
	c.DKIM.RetireAfter.Duration, c.DKIM.DeleteAfter.Duration = retireAfter, deleteAfter
	c.DNS.Servers = d.x.world.Addrs()
	c.DNS.Recursive = d.x.world.Resolver.Addr()
}

// prepare waits until mail is signed with both algorithms by what the DNS knows.
func (d *product) prepare(ctx context.Context) error {
	_, err := d.until(ctx, func(selectors []string) bool { return len(selectors) >= 2 })
	return err
}

// rotate asks for it with the annotation.
func (d *product) rotate(ctx context.Context) error {
	before := d.x.selectors()
	if len(before) == 0 {
		return fmt.Errorf("no mail was signed yet")
	}
	patch := fmt.Sprintf(`{"metadata":{"annotations":{"smtp-mirror.openova.io/rotate":%q}}}`, time.Now().UTC().Format(time.RFC3339Nano))
	_, err := d.x.rig.Admin.CoreV1().ConfigMaps(d.x.rig.Home).Patch(ctx, rig.RecordsConfigMap, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	_, err = d.until(ctx, func(selectors []string) bool {
		return len(selectors) == 2 && !slices.ContainsFunc(selectors, func(s string) bool { return slices.Contains(before, s) })
	})
	return err
}

// until sends mail until the selectors that sign it are as they should be.
func (d *product) until(ctx context.Context, right func(selectors []string) bool) ([]string, error) {
	for {
		n, err := d.x.send(ctx)
		if err != nil {
			return nil, err
		}
		m, err := d.x.world.MTA.Await(ctx, subject(n))
		if err != nil {
			return nil, err
		}
		var got []string
		for _, s := range m.Arrival.Signatures {
			got = append(got, s.Selector)
		}
		if right(got) {
			return got, nil
		}
		if err := await(ctx, 300*time.Millisecond); err != nil {
			return nil, fmt.Errorf("mail is signed by %v: %w", got, err)
		}
	}
}
