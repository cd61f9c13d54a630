//go:build linux

package machine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// environment is what a container is given.
func (s *sandbox) environment(ctx context.Context, pod *corev1.Pod, c corev1.Container) ([]string, error) {
	all := []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/", "HOSTNAME=" + pod.Name,
		"KUBERNETES_SERVICE_HOST=" + services.String(), "KUBERNETES_SERVICE_PORT=443"}
	for _, from := range c.EnvFrom {
		values, err := s.values(ctx, from)
		if err != nil {
			return nil, err
		}
		for _, name := range slices.Sorted(maps.Keys(values)) {
			all = append(all, from.Prefix+name+"="+string(values[name]))
		}
	}
	for _, e := range c.Env {
		value := expand([]string{e.Value}, all)[0]
		if e.ValueFrom != nil {
			var err error
			if value, err = s.from(ctx, e.ValueFrom); err != nil {
				return nil, fmt.Errorf("the variable %s: %w", e.Name, err)
			}
		}
		all = append(all, e.Name+"="+value)
	}
	return all, nil
}

// expand replaces $(NAME) by what came before.
func expand(texts, environment []string) []string {
	out := slices.Clone(texts)
	for i := range out {
		for _, e := range environment {
			name, value, _ := strings.Cut(e, "=")
			out[i] = strings.ReplaceAll(out[i], "$("+name+")", value)
		}
	}
	return out
}

func (s *sandbox) values(ctx context.Context, from corev1.EnvFromSource) (map[string][]byte, error) {
	if from.SecretRef != nil {
		return s.secret(ctx, from.SecretRef.Name, nil, from.SecretRef.Optional)
	}
	return s.configMap(ctx, from.ConfigMapRef.Name, nil, from.ConfigMapRef.Optional)
}

func (s *sandbox) from(ctx context.Context, source *corev1.EnvVarSource) (string, error) {
	switch {
	case source.SecretKeyRef != nil:
		r := source.SecretKeyRef
		data, err := s.secret(ctx, r.Name, nil, r.Optional)
		if err != nil {
			return "", err
		}
		value, there := data[r.Key]
		if !there && (r.Optional == nil || !*r.Optional) {
			return "", fmt.Errorf("the Secret %s has no key %s", r.Name, r.Key)
		}
		return string(value), nil
	case source.FieldRef != nil:
		return s.field(source.FieldRef.FieldPath)
	}
	return "", errors.New("a source that is not known here")
}

// field is one of the Pod's own.
func (s *sandbox) field(path string) (string, error) {
	switch path {
	case "metadata.name":
		return s.pod.Name, nil
	case "metadata.namespace":
		return s.pod.Namespace, nil
	case "metadata.uid":
		return string(s.pod.UID), nil
	case "status.podIP":
		return s.IP(), nil
	}
	return "", fmt.Errorf("the field %s is not known here", path)
}
