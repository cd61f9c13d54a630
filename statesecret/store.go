package statesecret

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/openova-io/smtp-mirror/watcher"
)

// FieldManager is the field manager of such a Secret.
const FieldManager = "smtp-mirror"

// Store is one key of a Secret.
type Store struct {
	Secrets         corev1client.SecretInterface
	Namespace, Name string
	Key             string
}

// Load reads past every cache: what is kept, and its version. A Secret that is
// absent holds nothing, in the version "".
func (s *Store) Load(ctx context.Context) (text []byte, version string, err error) {
	secret, err := s.Secrets.Get(ctx, s.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", s.classify("reading", err)
	}
	return secret.Data[s.Key], secret.ResourceVersion, nil
}

// Save writes over the version that was read, and gives the new version. A Secret
// that is absent is made empty first: creating through server-side apply knows no
// precondition, so nothing may depend on it.
func (s *Store) Save(ctx context.Context, text []byte, version string) (string, error) {
	for {
		c := corev1ac.Secret(s.Name, s.Namespace).WithLabels(map[string]string{"app.kubernetes.io/managed-by": "smtp-mirror"})
		if version != "" {
			c = c.WithResourceVersion(version).WithData(map[string][]byte{s.Key: text})
		}
		stored, err := s.Secrets.Apply(ctx, c, metav1.ApplyOptions{FieldManager: FieldManager, Force: true})
		if err != nil {
			return version, s.classify("writing", err)
		}
		if version != "" {
			return stored.ResourceVersion, nil
		}
		if len(stored.Data[s.Key]) > 0 {
			return "", errMoved // somebody else has made it, and written, in between
		}
		version = stored.ResourceVersion
	}
}

// errMoved says that another controller wrote first.
var errMoved = errors.New("the state secret was written by somebody else at the same moment")

// classify names what the API server says, without the object that it may quote.
func (s *Store) classify(what string, err error) error {
	switch {
	case apierrors.IsForbidden(err):
		return watcher.HoldForbidden(err)
	case apierrors.IsConflict(err):
		return errMoved
	case apierrors.IsNotFound(err):
		return errMoved // it was deleted since it was read
	}
	return fmt.Errorf("%s the state secret %s/%s: %s", what, s.Namespace, s.Name, apierrors.ReasonForError(err))
}
