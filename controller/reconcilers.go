package controller

import (
	"context"
	"errors"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/mirror"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/stalwartsync"
	"github.com/openova-io/smtp-mirror/watcher"
)

// relay wires the reconciler of one submission.
func (c *Controller) relay(s config.Submission) *stalwartsync.Relay {
	gate := c.o.Gates.Named("submission " + s.Name + " at " + s.Probe.Address + " of " + c.o.Config.Stalwart.URL)
	c.loginGates[s.Name] = gate
	r := &stalwartsync.Relay{
		Submission: s.Name, SourceRef: c.ref(s.Secret), Source: c.secrets[c.o.Config.Stalwart.Namespace+"/"+s.Secret].One,
		Wish: c.wish(s), Fleet: c.fleet, Pods: c.incarnations, Blind: c.blind, Probe: probe, Request: request(s.Probe), Gate: gate,
		Ledger: &c.ledger, Proven: func() { c.loop.Wake(sourceProof(s.Name)) }, DryRun: c.o.DryRun,
		Reload: len(c.o.Config.Stalwart.AllowedIPs) > 0 || c.o.Config.Webhook.Enabled,
	}
	c.relays = append(c.relays, r)
	if s.Rotates() {
		r.Rotation = c.rotation(s)
	}
	if s.Rotation.WriteSource {
		r.Sources = c.o.Clients.Core.Secrets(c.o.Config.Stalwart.Namespace)
	}
	if s.FallsBack() {
		r.Judged = func() { c.loop.Wake(sourceProof(s.Name)) }
	}
	if c.ring != nil {
		r.Admin = func(ctx context.Context) (stalwart.Directory, error) { return c.fleet.As(c.administrator).Detect(ctx) }
	}
	if c.o.Config.OwnsKeys() {
		r.Returning = c.keys().Returning
	}
	if c.o.Config.Stalwart.Restart.Enabled {
		r.Restarter = c.restarter()
	}
	return r
}

// blind says why Stalwart's Pods may not be looked at: the mail path works all the
// same, but a restart would be seen late.
func (c *Controller) blind() error {
	_, err := c.pods.All()
	var denied *watcher.DeniedError
	if errors.As(err, &denied) {
		return denied
	}
	return nil
}

// mirror wires the reconciler of one target.
func (c *Controller) mirror(s config.Submission, m config.Mirror) *mirror.Mirror {
	wish := mirror.Wish{Labels: m.Labels, Annotations: m.Annotations}
	for _, shape := range m.Shapes {
		wish.Shapes = append(wish.Shapes, mirror.Shape(shape))
	}
	target := &mirror.Mirror{
		Submission: s.Name, Domain: c.o.Config.Domain, Namespace: m.Namespace, Name: m.Name, Wish: wish, SourceRef: c.ref(s.Secret),
		Source: c.secrets[c.o.Config.Stalwart.Namespace+"/"+s.Secret].One, Target: c.secrets[m.Namespace+"/"+m.Name].One,
		Secrets: c.o.Clients.Core.Secrets(m.Namespace), Ledger: &c.ledger, Ungated: s.Gate == config.GateNone, DryRun: c.o.DryRun,
	}
	if f := m.Fallback; f.Enabled {
		target.Fallback = &mirror.Fallback{After: f.After.Duration, Secret: f.Secret, Ask: func() { c.loop.Wake(sourceDoubt(s.Name)) }}
	}
	c.mirrors = append(c.mirrors, target)
	return target
}

// knocking is an error that knows which address does not answer.
type knocking interface{ Knock() string }

// knockAt gives the address to knock at, "" where the trouble is another.
func knockAt(err error) string {
	var k knocking
	if errors.As(err, &k) {
		return k.Knock()
	}
	return ""
}
