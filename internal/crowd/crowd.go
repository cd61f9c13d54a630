package crowd

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// Options make a [Crowd].
type Options struct {
	Rig        *rig.Rig      // on a plane with Pods
	Submission string        // whose generation the Pods' templates carry
	Sender     string        // of MAIL FROM
	Startup    time.Duration // a new Pod is ready within this time: as long the old one stays
	Linger     time.Duration // a Pod that is told to end logs in for up to this time
}

// Crowd is the consumers in a rig's namespace.
type Crowd struct {
	o     Options
	roots *x509.CertPool
	life  context.Context //nolint:containedctx // the life of its Pods, which no caller's context is
	end   context.CancelFunc
	last  atomic.Uint32 // address that was given away
	book  book

	mu       sync.Mutex // begins or finishes
	finished chan struct{}
	work     sync.WaitGroup
}

// Start makes an empty crowd: from now on the containers in the rig's consumer
// namespace are consumers. The caller must Close it.
func Start(o Options) (*Crowd, error) {
	text, err := os.ReadFile(o.Rig.Mail.CAFile())
	if err != nil {
		return nil, fmt.Errorf("reading the authority: %w", err)
	}
	c := &Crowd{o: o, roots: x509.NewCertPool(), finished: make(chan struct{})}
	if !c.roots.AppendCertsFromPEM(text) {
		return nil, errors.New("the authority is no certificate")
	}
	c.life, c.end = context.WithCancel(context.Background())
	c.last.Store(1)
	o.Rig.Plane.RunIn(o.Rig.Consumer, c.run)
	return c, nil
}

// Finish lets every consumer end after the login that it is at, and waits: a login
// that is refused is answered 5 s late.
func (c *Crowd) Finish() {
	c.mu.Lock()
	c.o.Rig.Plane.RunIn(c.o.Rig.Consumer, nil) // Pods only pretend from now on
	if !isClosed(c.finished) {
		close(c.finished)
	}
	c.mu.Unlock()
	c.work.Wait()
}

// Close ends every consumer at once.
func (c *Crowd) Close() {
	c.end()
	c.Finish()
}

// within is a random part of a span.
func within(d time.Duration) time.Duration {
	if d == 0 {
		return 0
	}
	return rand.N(d)
}

// Deploy makes a Deployment whose Pods read a Secret when they start.
func (c *Crowd) Deploy(ctx context.Context, name, secret string, replicas int32) error {
	labels := map[string]string{"app": name}
	history, grace := int32(10_000), int64(30)
	_, err := c.o.Rig.Admin.AppsV1().Deployments(c.o.Rig.Consumer).Create(ctx, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: appsv1.DeploymentSpec{
		Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels}, RevisionHistoryLimit: &history,
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{TerminationGracePeriodSeconds: &grace,
			Containers: []corev1.Container{{Name: "console", Image: "console", Env: []corev1.EnvVar{{Name: "SECRET", Value: secret}}}}}},
	}}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("creating the deployment %s: %w", name, err)
	}
	return nil
}
