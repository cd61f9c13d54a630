//go:build linux

package machine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// follow is how often a mounted object is looked at. A kubelet takes up to a minute.
const follow = time.Second

var errUnknownVolume = errors.New("a volume of a kind that is not known here")

// volume is where a volume is on this machine.
func (s *sandbox) volume(name string) string {
	for _, v := range s.pod.Spec.Volumes {
		if v.Name == name && v.PersistentVolumeClaim != nil {
			return s.machine.Claim(s.pod.Namespace, v.PersistentVolumeClaim.ClaimName)
		}
	}
	return filepath.Join(s.dir, "volumes", name)
}

// Claim is the directory of a claim. It outlives its Pods.
func (m *Machine) Claim(namespace, name string) string {
	return filepath.Join(m.options.Dir, "claims", namespace, name)
}

// volumes makes a directory for each, which the Pod's group may write to, and keeps what is
// an object's up to date.
func (s *sandbox) volumes(ctx, life context.Context) error {
	for _, v := range s.pod.Spec.Volumes {
		dir := s.volume(v.Name)
		if err := s.directory(dir); err != nil {
			return fmt.Errorf("the volume %s: %w", v.Name, err)
		}
		if v.EmptyDir != nil || v.PersistentVolumeClaim != nil {
			continue
		}
		files, err := s.contents(ctx, v.VolumeSource)
		if err == nil {
			err = swap(dir, files)
		}
		if err != nil {
			return fmt.Errorf("the volume %s: %w", v.Name, err)
		}
		if v.ConfigMap != nil || v.Secret != nil {
			s.follows.Go(func() { s.follow(life, v, files) })
		}
	}
	return nil
}

// directory makes one with the rights that fsGroup gives.
func (s *sandbox) directory(dir string) error {
	if err := os.MkdirAll(dir, traverse); err != nil { //nolint:gosec // see traverse
		return err
	}
	c := s.pod.Spec.SecurityContext
	if c == nil || c.FSGroup == nil {
		return os.Chmod(dir, 0o777) //nolint:gosec // as an emptyDir is
	}
	const shared = os.ModeSetgid | 0o775
	return errors.Join(os.Chown(dir, 0, int(*c.FSGroup)), os.Chmod(dir, shared)) //nolint:gosec // as an emptyDir is
}

// follow swaps the files when the object has changed. What cannot be read stays as it is.
func (s *sandbox) follow(ctx context.Context, v corev1.Volume, last map[string][]byte) {
	tick := time.NewTicker(follow)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		files, err := s.contents(ctx, v.VolumeSource)
		if err == nil && !maps.EqualFunc(files, last, func(a, b []byte) bool { return string(a) == string(b) }) {
			if swap(s.volume(v.Name), files) == nil {
				last = files
			}
		}
	}
}

// contents are the files of a volume.
func (s *sandbox) contents(ctx context.Context, v corev1.VolumeSource) (map[string][]byte, error) {
	all := map[string][]byte{}
	for _, source := range sources(v) {
		files, err := s.projected(ctx, source)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, files)
	}
	return all, nil
}

// sources are what a volume is put together from; a ConfigMap or a Secret is one by itself.
func sources(v corev1.VolumeSource) []corev1.VolumeProjection {
	switch {
	case v.ConfigMap != nil:
		return []corev1.VolumeProjection{{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: v.ConfigMap.LocalObjectReference, Items: v.ConfigMap.Items, Optional: v.ConfigMap.Optional}}}
	case v.Secret != nil:
		return []corev1.VolumeProjection{{Secret: &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: v.Secret.SecretName}, Items: v.Secret.Items, Optional: v.Secret.Optional}}}
	case v.Projected != nil:
		return v.Projected.Sources
	}
	return []corev1.VolumeProjection{{}} // of no kind that is known
}

func (s *sandbox) projected(ctx context.Context, v corev1.VolumeProjection) (map[string][]byte, error) {
	switch {
	case v.ServiceAccountToken != nil:
		return s.token(ctx, v.ServiceAccountToken)
	case v.ConfigMap != nil:
		return s.configMap(ctx, v.ConfigMap.Name, v.ConfigMap.Items, v.ConfigMap.Optional)
	case v.Secret != nil:
		return s.secret(ctx, v.Secret.Name, v.Secret.Items, v.Secret.Optional)
	case v.DownwardAPI != nil:
		files := map[string][]byte{}
		for _, item := range v.DownwardAPI.Items {
			value, err := s.field(item.FieldRef.FieldPath)
			if err != nil {
				return nil, err
			}
			files[item.Path] = []byte(value)
		}
		return files, nil
	}
	return nil, errUnknownVolume
}

// token is one that is bound to the Pod: it ends with it.
func (s *sandbox) token(ctx context.Context, v *corev1.ServiceAccountTokenProjection) (map[string][]byte, error) {
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: v.ExpirationSeconds,
		BoundObjectRef: &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: s.pod.Name, UID: s.pod.UID}}}
	answer, err := s.machine.client.CoreV1().ServiceAccounts(s.pod.Namespace).CreateToken(ctx, s.pod.Spec.ServiceAccountName, request, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	return map[string][]byte{v.Path: []byte(answer.Status.Token)}, nil
}

func (s *sandbox) configMap(ctx context.Context, name string, items []corev1.KeyToPath, optional *bool) (map[string][]byte, error) {
	m, err := s.machine.client.CoreV1().ConfigMaps(s.pod.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, unless(optional, err)
	}
	files := map[string][]byte{}
	for key, text := range m.Data {
		files[key] = []byte(text)
	}
	return pick(files, items), nil
}

func (s *sandbox) secret(ctx context.Context, name string, items []corev1.KeyToPath, optional *bool) (map[string][]byte, error) {
	found, err := s.machine.client.CoreV1().Secrets(s.pod.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, unless(optional, err)
	}
	return pick(found.Data, items), nil
}

// unless lets what is optional be absent.
func unless(optional *bool, err error) error {
	if optional != nil && *optional && apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// pick takes the keys that are named, all without names.
func pick(files map[string][]byte, items []corev1.KeyToPath) map[string][]byte {
	if len(items) == 0 {
		return files
	}
	picked := map[string][]byte{}
	for _, item := range items {
		if text, there := files[item.Key]; there {
			picked[item.Path] = text
		}
	}
	return picked
}
