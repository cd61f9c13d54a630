package crowd

import (
	"bytes"
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// Follow calls back with every state of a Secret that it sees, until ctx ends. It
// survives an API server that goes away.
func (c *Crowd) Follow(ctx context.Context, namespace, name string, see func(*corev1.Secret)) {
	for ctx.Err() == nil {
		c.follow(ctx, namespace, name, see)
		pause(ctx, 100*time.Millisecond)
	}
}

// follow is one watch: a list, and what follows it.
func (c *Crowd) follow(ctx context.Context, namespace, name string, see func(*corev1.Secret)) {
	secrets := c.o.Rig.Admin.CoreV1().Secrets(namespace)
	one := fields.OneTermEqualSelector("metadata.name", name).String()
	list, err := secrets.List(ctx, metav1.ListOptions{FieldSelector: one})
	if err != nil {
		return
	}
	for i := range list.Items {
		see(&list.Items[i])
	}
	w, err := secrets.Watch(ctx, metav1.ListOptions{FieldSelector: one, ResourceVersion: list.ResourceVersion})
	if err != nil {
		return
	}
	defer w.Stop()
	for event := range w.ResultChan() {
		if secret, ok := event.Object.(*corev1.Secret); ok {
			see(secret)
		}
	}
}

// Flux renders the credential in a mirror into another Secret, each time after a
// delay, until ctx ends.
func (c *Crowd) Flux(ctx context.Context, mirror, rendered string, delay func() time.Duration) {
	news := make(chan struct{}, 1)
	go c.Follow(ctx, c.o.Rig.Consumer, mirror, func(*corev1.Secret) {
		select {
		case news <- struct{}{}:
		default:
		}
	})
	for ctx.Err() == nil {
		select {
		case <-news:
		case <-ctx.Done():
			return
		}
		for !c.behind(ctx, mirror, rendered, delay) && ctx.Err() == nil {
			pause(ctx, 200*time.Millisecond) // the API server is away
		}
	}
}

// behind renders what is behind. It is false where it could not.
func (c *Crowd) behind(ctx context.Context, mirror, rendered string, delay func() time.Duration) bool {
	secrets := c.o.Rig.Admin.CoreV1().Secrets(c.o.Rig.Consumer)
	from, err := secrets.Get(ctx, mirror, metav1.GetOptions{})
	if err != nil {
		return apierrors.IsNotFound(err)
	}
	to, err := secrets.Get(ctx, rendered, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return false
	}
	if err == nil && bytes.Equal(to.Data["smtp-pass"], from.Data["smtp-pass"]) && bytes.Equal(to.Data["smtp-user"], from.Data["smtp-user"]) {
		return true
	}
	missing := err != nil
	pause(ctx, delay())
	if from, err = secrets.Get(ctx, mirror, metav1.GetOptions{}); err != nil {
		return false
	}
	next := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: rendered}, Data: map[string][]byte{"smtp-user": from.Data["smtp-user"], "smtp-pass": from.Data["smtp-pass"]}}
	if missing {
		_, err = secrets.Create(ctx, next, metav1.CreateOptions{})
	} else {
		_, err = secrets.Update(ctx, next, metav1.UpdateOptions{})
	}
	return err == nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
