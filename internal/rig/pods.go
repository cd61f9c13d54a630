package rig

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/internal/nodetest"
)

// startPods runs the mail server as the container of a StatefulSet's Pod, so
// that its restarts are seen as in a cluster.
func (r *Rig) startPods(ctx context.Context) error {
	r.hold = make(chan struct{})
	close(r.hold)
	err := r.Mail.Stop() // the Pod starts it
	if err != nil {
		return fmt.Errorf("stopping the mail server: %w", err)
	}
	r.Plane.RunIn(r.Home, r.runContainer)
	_, err = r.Admin.AppsV1().StatefulSets(r.Home).Create(ctx, r.statefulSet(), metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("creating the statefulset: %w", err)
	}
	return nil
}

func (r *Rig) statefulSet() *appsv1.StatefulSet {
	labels := map[string]string{"app.kubernetes.io/name": "bp-stalwart-sovereign", "app.kubernetes.io/instance": NamespaceStalwart}
	one, grace := int32(1), int64(1)
	_, port := split(strings.TrimPrefix(r.Mail.URL(), "http://"))
	number, _ := strconv.ParseInt(port, 10, 32)
	return &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: NamespaceStalwart, Namespace: r.Home},
		Spec: appsv1.StatefulSetSpec{Replicas: &one, ServiceName: NamespaceStalwart, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{TerminationGracePeriodSeconds: &grace,
				Containers: []corev1.Container{{Name: "stalwart", Image: "stalwart", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: int32(number)}}}}}}},
	}
}

// runContainer is one life of the container; it does not begin while Stalwart is
// held down.
func (r *Rig) runContainer(ctx context.Context, _ *corev1.Pod, _ corev1.Container) (nodetest.Process, error) {
	select {
	case <-r.hold:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := r.Mail.Start(ctx); err != nil {
		return nil, err
	}
	p := &mailProcess{mail: r.Mail, done: make(chan struct{})}
	r.current.Store(p)
	return p, nil
}

// Down makes Stalwart's container end and stay down until [Rig.Up].
func (r *Rig) Down() error {
	r.hold = make(chan struct{})
	return r.current.Load().Stop()
}

// Up lets Stalwart's container run again.
func (r *Rig) Up() { close(r.hold) }

type mailProcess struct {
	mail Mail
	once sync.Once
	done chan struct{}
}

// Ready is nil: Start returned when it was.
func (p *mailProcess) Ready(context.Context) error { return nil }

// Stop ends the server.
func (p *mailProcess) Stop() error {
	defer p.once.Do(func() { close(p.done) })
	return p.mail.Stop()
}

// Done is closed when the process was stopped.
func (p *mailProcess) Done() <-chan struct{} { return p.done }
