package stalwartsync

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/openova-io/smtp-mirror/rotation"
	"github.com/openova-io/smtp-mirror/watcher"
)

// StateManager is the field manager of the state Secret.
const StateManager = "smtp-mirror"

// Store keeps the generations of a submission in a Secret. Every write carries the
// version that was read: two who write at once cannot both succeed.
type Store struct {
	Secrets         corev1client.SecretInterface
	Namespace, Name string
}

// Load reads past every cache. A Secret that is absent is made, empty: creating
// through server-side apply knows no precondition, so nothing may depend on it.
func (s *Store) Load(ctx context.Context) (rotation.State, string, error) {
	secret, err := s.Secrets.Get(ctx, s.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return rotation.State{}, "", nil
	}
	if err != nil {
		return rotation.State{}, "", s.classify("reading", err)
	}
	state, err := rotation.DecodeState(secret.Data[rotation.KeyState])
	if err != nil {
		return state, "", &watcher.HoldError{Why: ReasonStateInvalid, Text: "the secret " + s.Namespace + "/" + s.Name + ": " + err.Error()}
	}
	return state, secret.ResourceVersion, nil
}

// Save writes a state over the version that was read, and gives the new version.
func (s *Store) Save(ctx context.Context, state rotation.State, version string) (string, error) {
	for {
		c := corev1ac.Secret(s.Name, s.Namespace).WithLabels(map[string]string{"app.kubernetes.io/managed-by": "smtp-mirror"})
		if version != "" {
			c = c.WithResourceVersion(version).WithData(map[string][]byte{rotation.KeyState: state.Encode()})
		}
		stored, err := s.Secrets.Apply(ctx, c, metav1.ApplyOptions{FieldManager: StateManager, Force: true})
		if err != nil {
			return version, s.classify("writing", err)
		}
		if version != "" {
			return stored.ResourceVersion, nil
		}
		if len(stored.Data[rotation.KeyState]) > 0 {
			return "", errStateMoved // somebody else has made it, and written, in between
		}
		version = stored.ResourceVersion
	}
}

// errStateMoved says that another controller wrote the state first.
var errStateMoved = errors.New("the state was written by somebody else at the same moment")

// classify names what the API server says, without the object that it may quote.
func (s *Store) classify(what string, err error) error {
	switch {
	case apierrors.IsForbidden(err):
		return &watcher.HoldError{Why: watcher.ReasonForbidden, Text: err.Error(), After: statePause}
	case apierrors.IsConflict(err):
		return errStateMoved
	case apierrors.IsNotFound(err):
		return errStateMoved // it was deleted since it was read
	}
	return fmt.Errorf("%s the state secret %s/%s: %s", what, s.Namespace, s.Name, apierrors.ReasonForError(err))
}
