package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// pod is a Pod that is carried out here.
type pod struct {
	*boot
	namespace string
	spec      corev1.PodSpec
	dir       string
	account   string   // whose token it has; "" = none
	api       []string // environment of a Pod with a token

	running []*container
}

// tokenPath is where programs look for it: /var/run is a link to /run, which must not be
// followed out of the root.
const tokenPath = "/run/secrets/kubernetes.io/serviceaccount"

// begin runs the init containers, one after another, and then starts the containers.
func (p *pod) begin(ctx context.Context) error {
	if err := p.volumes(ctx); err != nil {
		return err
	}
	for i, c := range p.spec.InitContainers {
		one, err := p.container(ctx, c, fmt.Sprintf("init-%d-%s", i, c.Name))
		if err == nil {
			err = one.wait(ctx)
		}
		if err != nil {
			return fmt.Errorf("the init container %s: %w", c.Name, err)
		}
	}
	for _, c := range p.spec.Containers {
		one, err := p.container(ctx, c, c.Name)
		if err != nil {
			return fmt.Errorf("the container %s: %w", c.Name, err)
		}
		p.running = append(p.running, one)
	}
	return nil
}

// ready waits until every container has started and is ready, by its probes.
func (p *pod) ready(ctx context.Context) error {
	for _, c := range p.running {
		if err := errors.Join(c.probed(ctx, c.spec.StartupProbe), c.probed(ctx, c.spec.ReadinessProbe), c.probed(ctx, c.spec.LivenessProbe)); err != nil {
			return fmt.Errorf("the container %s: %w; it said:\n%s", c.spec.Name, err, c.output())
		}
	}
	return nil
}

// end stops the containers as a kubelet does.
func (p *pod) end() error {
	var all []error
	for _, c := range p.running {
		all = append(all, c.stop())
	}
	return errors.Join(all...)
}

func (p *pod) volume(name string) string { return filepath.Join(p.dir, "volumes", name) }

// volumes makes a directory for each, for the Pod's group.
func (p *pod) volumes(ctx context.Context) error {
	for _, v := range p.spec.Volumes {
		if err := p.fill(ctx, v); err != nil {
			return fmt.Errorf("the volume %s: %w", v.Name, err)
		}
	}
	if p.account == "" {
		return nil
	}
	dir := p.volume("token")
	err := os.MkdirAll(dir, 0o755) //nolint:gosec // the Pod's user reads it
	if err == nil {
		p.api, err = p.cluster.credentials(ctx, p.namespace, p.account, dir)
	}
	return err
}

func (p *pod) fill(ctx context.Context, v corev1.Volume) error {
	dir := p.volume(v.Name)
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // the Pod's user reads it
		return err
	}
	files := map[string][]byte{}
	switch {
	case v.ConfigMap != nil:
		m, err := p.cluster.client.CoreV1().ConfigMaps(p.namespace).Get(ctx, v.ConfigMap.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for key, text := range m.Data {
			files[key] = []byte(text)
		}
	case v.Secret != nil:
		s, err := p.cluster.client.CoreV1().Secrets(p.namespace).Get(ctx, v.Secret.SecretName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		files = s.Data
	default: // empty, or a claim
		return os.Chown(dir, int(p.group()), int(p.group()))
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil { //nolint:gosec // the Pod's user reads it
			return err
		}
	}
	return nil
}

// group is fsGroup, or root's.
func (p *pod) group() int64 {
	if s := p.spec.SecurityContext; s != nil && s.FSGroup != nil {
		return *s.FSGroup
	}
	return 0
}

// environment is what a container is given: values with $(NAME) of what came before.
func (p *pod) environment(ctx context.Context, c corev1.Container) ([]string, error) {
	known := map[string]string{}
	all := slices.Concat([]string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/"}, p.api)
	for _, e := range c.Env {
		value := e.Value
		for name, v := range known {
			value = strings.ReplaceAll(value, "$("+name+")", v)
		}
		if from := e.ValueFrom; from != nil {
			var err error
			if value, err = p.from(ctx, from); err != nil {
				return nil, err
			}
		}
		known[e.Name] = value
		all = append(all, e.Name+"="+value)
	}
	return all, nil
}

func (p *pod) from(ctx context.Context, s *corev1.EnvVarSource) (string, error) {
	switch {
	case s.SecretKeyRef != nil:
		return p.cluster.secret(ctx, p.namespace, s.SecretKeyRef.Name, s.SecretKeyRef.Key)
	case s.FieldRef != nil && s.FieldRef.FieldPath == "metadata.name":
		return filepath.Base(p.dir), nil
	case s.FieldRef != nil && s.FieldRef.FieldPath == "metadata.uid":
		return "00000000-0000-0000-0000-0000000000" + fmt.Sprintf("%02d", len(filepath.Base(p.dir))), nil
	}
	return "", errors.New("an environment variable from a source that is not known here")
}
