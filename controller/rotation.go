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
		Told: func(ctx context.Context) (int64, bool) { return c.told(ctx, s.Name) },
	}
	for _, m := range s.Mirrors {
		target := c.copy(m.Namespace, m.Name)
		target.Aside = mirror.FellBack
		r.Copies = append(r.Copies, target)
		for _, x := range m.Consumers {
			if x.Via.Name != "" {
				via := c.copy(x.Via.Namespace, x.Via.Name)
				via.Rendered, via.Keys = true, [2]string{x.Via.Keys.User, x.Via.Keys.Pass}
				r.Copies = append(r.Copies, via)
			}
		}
	}
	return r
}

// copy is a Secret that consumers read, from its cache and past it.
func (c *Controller) copy(namespace, name string) stalwartsync.Copy {
	return stalwartsync.Copy{Read: c.secrets[namespace+"/"+name].One, Live: func(ctx context.Context) (*corev1.Secret, error) {
		secret, err := c.o.Clients.Core.Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		return secret, err
	}}
}

// told is the highest generation that any consumer of a submission was told, and
// whether all of them could be asked.
func (c *Controller) told(ctx context.Context, submission string) (highest int64, all bool) {
	all = true
	for _, x := range c.consumers[submission] {
		told, err := x.Told(ctx)
		highest, all = max(highest, told), all && err == nil
	}
	return highest, all
}

// consumer wires the reconciler of one workload that is rolled.
func (c *Controller) consumer(s config.Submission, m config.Mirror, x config.Consumer) *rollout.Consumer {
	r := &rollout.Consumer{
		Submission: s.Name, Read: c.secrets[m.Namespace+"/"+m.Name].One, Ledger: &c.ledger, Board: &c.board,
		Moved: func() { c.loop.Wake(sourceRolled(s.Name)) }, Deadline: s.Rotation.RolloutDeadline.Duration, DryRun: c.o.DryRun,
	}
	if workload.IsFlux(x.Kind) {
		r.Workload = workload.Flux{Client: c.o.Clients.Flux, Kind: x.Kind, Namespace: x.Namespace, Name: x.Name}
	} else {
		r.Workload = workload.Workload{Apps: c.o.Clients.Apps, Kind: x.Kind, Namespace: x.Namespace, Name: x.Name}
		r.Pods = c.o.Clients.Core.Pods(x.Namespace)
	}
	if x.Via.Name != "" {
		r.Via = &rollout.Via{Read: c.secrets[x.Via.Namespace+"/"+x.Via.Name].One, User: x.Via.Keys.User, Pass: x.Via.Keys.Pass}
	}
	c.consumers[s.Name] = append(c.consumers[s.Name], r)
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
