package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// boot is one run.
type boot struct {
	dir, stalwart, program, chart string
	begin                         time.Time
	cluster                       *cluster
	names                         *names
	pods                          []*pod
	took                          time.Duration // to the first login with the mirror's bytes
}

// run walks from nothing to a proven mirror.
func (b *boot) run(ctx context.Context) error {
	var err error
	if b.names, err = startNames(); err != nil {
		return err
	}
	if b.cluster, err = newCluster(ctx, b.dir, b.chart, b.stalwart); err != nil {
		return err
	}
	b.begin = time.Now()
	b.say("the objects are in the API server; Pod Security \"restricted\" is enforced in both namespaces")
	mail, err := b.mail()
	if err != nil {
		return err
	}
	if err := mail.begin(ctx); err != nil {
		return err
	}
	b.say("the init containers have ended: copied, and seeded in recovery mode")
	if err := mail.ready(ctx); err != nil {
		return err
	}
	b.say("Stalwart is ready: it greets on its submission port")
	controller, err := b.controller()
	if err != nil {
		return err
	}
	if err := controller.begin(ctx); err != nil {
		return err
	}
	if err := controller.ready(ctx); err != nil {
		return err
	}
	b.say("the controller is ready: its caches are filled, with the rights that are rendered")
	if err := b.proven(ctx, controller); err != nil {
		return err
	}
	b.say("the mirror holds the credential of our own relay")
	if err := b.login(ctx); err != nil {
		return err
	}
	if err := b.blind(ctx); err != nil {
		return err
	}
	fmt.Printf("test-chart-stalwart: GREEN: from an empty volume to a proven mirror and a login with it in %.1f s (goal %s: %s), with no way out\n", b.took.Seconds(), goal, b.word())
	return nil
}

// goal is that of the issue: from the install to a proven mirror.
const goal = 20 * time.Second

func (b *boot) word() string {
	if b.took > goal {
		return "MISSED"
	}
	return "reached"
}

func (b *boot) say(what string) {
	fmt.Printf("%7.1fs  %s\n", time.Since(b.begin).Seconds(), what)
}

// mail is the Pod of the StatefulSet, with an empty volume.
func (b *boot) mail() (*pod, error) {
	set, err := object[appsv1.StatefulSet](b.cluster, "StatefulSet")
	if err != nil {
		return nil, err
	}
	spec := set.Spec.Template.Spec
	for _, claim := range set.Spec.VolumeClaimTemplates {
		spec.Volumes = append(spec.Volumes, corev1.Volume{Name: claim.Name})
	}
	return b.pod(set.Namespace, set.Name+"-0", "", spec), nil
}

func (b *boot) controller() (*pod, error) {
	d, err := object[appsv1.Deployment](b.cluster, "Deployment")
	if err != nil {
		return nil, err
	}
	return b.pod(d.Namespace, d.Name+"-a", d.Spec.Template.Spec.ServiceAccountName, d.Spec.Template.Spec), nil
}

func (b *boot) pod(namespace, name, account string, spec corev1.PodSpec) *pod {
	p := &pod{boot: b, namespace: namespace, spec: spec, dir: filepath.Join(b.dir, name), account: account}
	b.pods = append(b.pods, p)
	return p
}

// proven waits until the mirror names our own relay.
func (b *boot) proven(ctx context.Context, controller *pod) error {
	const patience = time.Minute
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		host, err := b.cluster.secret(ctx, mirrorNS, mirror, "smtp-host")
		if err == nil && host == mailHost {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the mirror is not proven: %w; the controller said:\n%s", ctx.Err(), controller.running[0].output())
		case <-tick.C:
		}
	}
}

// login carries out the Pod of `helm test`.
func (b *boot) login(ctx context.Context) error {
	test, err := object[corev1.Pod](b.cluster, "Pod")
	if err != nil {
		return err
	}
	p := b.pod(test.Namespace, test.Name, "", test.Spec)
	if err := p.begin(ctx); err != nil {
		return err
	}
	if err := p.running[0].wait(ctx); err != nil {
		return err
	}
	b.say("helm test: " + p.running[0].output())
	b.took = time.Since(b.begin)
	return nil
}

// close ends everything.
func (b *boot) close() error {
	var all []error
	for _, p := range b.pods {
		all = append(all, p.end())
		for _, c := range p.running {
			_ = os.WriteFile(filepath.Join(p.dir, c.spec.Name+".log"), []byte(c.said.String()), 0o600)
		}
	}
	if b.cluster != nil {
		all = append(all, b.cluster.Close())
	}
	if b.names != nil {
		all = append(all, b.names.server.Shutdown())
	}
	return errors.Join(all...)
}
