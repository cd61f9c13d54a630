package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/rotation"
	"github.com/openova-io/smtp-mirror/stalwartsync"
)

// deleteAll takes the Pods with the Deployment.
var deleteAll = metav1.DeleteOptions{PropagationPolicy: &background} //nolint:gochecknoglobals // a constant

var background = metav1.DeletePropagationBackground //nolint:gochecknoglobals // a constant

// rotate begins one rotation of the row's kind.
func (r *row) rotate(ctx context.Context) error {
	switch r.kind {
	case kindSource:
		return r.newSource(ctx)
	case kindIssued:
		return r.renew(ctx)
	case kindNow:
		return r.ask(ctx, rand.Text())
	case kindRevoke:
		return r.ask(ctx, "revoke-now/"+rand.Text())
	case kindAdmin:
		return r.newAdmin(ctx)
	}
	return fmt.Errorf("the kind %s is not there yet", r.kind)
}

// asks reports whether the row rotates by asking the controller for it.
func (r *row) asks() bool { return r.kind == kindNow || r.kind == kindRevoke }

// ask is the annotation on the SOURCE.
func (r *row) ask(ctx context.Context, value string) error {
	if r.mode == kindIssued {
		state, err := r.state(ctx)
		if err != nil {
			return err
		}
		r.wants = state.Current + 1
	}
	r.asked = value
	return r.edit(ctx, rig.SourceSecret, func(s *corev1.Secret) error {
		if s.Annotations == nil {
			s.Annotations = map[string]string{}
		}
		s.Annotations[stalwartsync.AnnotationRotate] = value
		return nil
	})
}

// unanswered says whether the controller still has to do what was asked for. In mode
// source it writes the SOURCE itself.
func (r *row) unanswered(ctx context.Context) string {
	if r.asked == "" || r.mode != kindSource {
		return ""
	}
	s, err := r.rig.Admin.CoreV1().Secrets(r.rig.Home).Get(ctx, rig.SourceSecret, metav1.GetOptions{})
	if err != nil || s.Annotations[stalwartsync.AnnotationRotated] != r.asked {
		return "the SOURCE is not written"
	}
	r.source = string(s.Data["smtp-pass"])
	return ""
}

// revoked sees every state of the rotation, and tells the crowd whose credentials
// end on purpose.
func (r *row) revoked(s *corev1.Secret) {
	state, err := rotation.DecodeState(s.Data[rotation.KeyState])
	if err != nil {
		return
	}
	for _, g := range state.Generations {
		if g.Number <= state.Revoked {
			r.crowd.Revoked(g.Password)
		}
	}
}

// newSource is what somebody does who changes the password.
func (r *row) newSource(ctx context.Context) error {
	password := "canary-" + rand.Text()
	err := r.edit(ctx, rig.SourceSecret, func(s *corev1.Secret) error {
		s.Data["smtp-pass"] = []byte(password)
		return nil
	})
	if err == nil {
		r.source = password
	}
	return err
}

// renew makes the credential that was minted older than it may get: nobody waits
// for 720 hours. Everything else is as it would be then.
func (r *row) renew(ctx context.Context) error {
	err := r.edit(ctx, stateSecret, func(s *corev1.Secret) error {
		state, err := rotation.DecodeState(s.Data[rotation.KeyState])
		if err != nil {
			return err
		}
		if g := state.Now(); g != nil {
			g.Created = g.Created.Add(-1000 * time.Hour)
		}
		r.wants = state.Current + 1
		s.Data[rotation.KeyState] = state.Encode()
		return nil
	})
	if err != nil {
		return err
	}
	return r.edit(ctx, rig.SourceSecret, func(s *corev1.Secret) error { // whatever wakes the relay
		if s.Annotations == nil {
			s.Annotations = map[string]string{}
		}
		s.Annotations["zerogap"] = rand.Text()
		return nil
	})
}

// edit changes a Secret beside Stalwart, however long the API server is away.
func (r *row) edit(ctx context.Context, name string, change func(s *corev1.Secret) error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	secrets := r.rig.Admin.CoreV1().Secrets(r.rig.Home)
	for {
		s, err := secrets.Get(ctx, name, metav1.GetOptions{})
		if err == nil {
			if err := change(s); err != nil {
				return err
			}
			_, err = secrets.Update(ctx, s, metav1.UpdateOptions{})
		}
		if err == nil || apierrors.IsForbidden(err) || ctx.Err() != nil {
			return err
		}
		await(ctx, 50*time.Millisecond)
	}
}
