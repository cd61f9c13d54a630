package controller

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/mirror"
	"github.com/openova-io/smtp-mirror/rollout"
	"github.com/openova-io/smtp-mirror/rotation"
	"github.com/openova-io/smtp-mirror/stalwartsync"
	"github.com/openova-io/smtp-mirror/statesecret"
	"github.com/openova-io/smtp-mirror/workload"
)

// rotation wires how the credentials of a submission replace each other.
func (c *Controller) rotation(s config.Submission) *stalwartsync.Rotation {
	home := c.o.Config.Stalwart.Namespace
	r := &stalwartsync.Rotation{
		Store:  &statesecret.Store{Secrets: c.o.Clients.Core.Secrets(home), Namespace: home, Name: s.StateSecret, Key: rotation.KeyState},
		Issued: s.Credentials == config.CredentialsIssued, Overlap: s.Rotation.Overlap.Duration,
		Every: s.Issued.RotateEvery.Duration, Lifetime: s.Issued.ExpiresAfter.Duration, AllowedIPs: s.Issued.AllowedIPs,
		Running: func() int64 { return c.board.Lowest(s.Name) }, Window: s.Issued.Window(),
	}
	for _, m := range s.Mirrors {
		r.Copies = append(r.Copies, c.copy(m.Namespace, m.Name, false))
		for _, x := range m.Consumers {
			if x.Via.Name != "" {
				r.Copies = append(r.Copies, c.copy(x.Via.Namespace, x.Via.Name, true))
			}
		}
	}
	return r
}

// copy is a Secret that consumers read, from its cache and past it.
func (c *Controller) copy(namespace, name string, rendered bool) stalwartsync.Copy {
	x := stalwartsync.Copy{Read: c.secrets[namespace+"/"+name].One, Rendered: rendered, Live: func(ctx context.Context) (*corev1.Secret, error) {
		secret, err := c.o.Clients.Core.Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		return secret, err
	}}
	if !rendered {
		x.Aside = mirror.FellBack
	}
	return x
}

// consumer wires the reconciler of one workload that is rolled.
func (c *Controller) consumer(s config.Submission, m config.Mirror, x config.Consumer) *rollout.Consumer {
	r := &rollout.Consumer{
		Submission: s.Name, Workload: workload.Workload{Apps: c.o.Clients.Apps, Kind: x.Kind, Namespace: x.Namespace, Name: x.Name},
		Pods: c.o.Clients.Core.Pods(x.Namespace), Read: c.secrets[m.Namespace+"/"+m.Name].One, Ledger: &c.ledger, Board: &c.board,
		Moved: func() { c.loop.Wake(sourceRolled(s.Name)) }, Deadline: s.Rotation.RolloutDeadline.Duration, DryRun: c.o.DryRun,
	}
	if x.Via.Name != "" {
		via := c.secrets[x.Via.Namespace+"/"+x.Via.Name]
		r.Via = func() (*corev1.Secret, string, error) {
			secret, err := via.One()
			return secret, x.Via.Keys.Pass, err
		}
	}
	c.board.Expect(s.Name, r.Name())
	return r
}

// rendered watches what consumers of a mirror really read.
func (c *Controller) rendered(m config.Mirror) {
	for _, x := range m.Consumers {
		if x.Via.Name != "" {
			c.secret(x.Via.Namespace, x.Via.Name, sourceVia(x))
		}
	}
}
