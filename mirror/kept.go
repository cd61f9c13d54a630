package mirror

import (
	"context"
	"encoding/json"
	"errors"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/openova-io/smtp-mirror/watcher"
)

// load reads the kept bytes, live; nil where nobody could log in with them.
func (m *Mirror) load(ctx context.Context) (map[string][]byte, error) {
	s, err := m.Secrets.Get(ctx, m.Fallback.Secret, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if apierrors.IsForbidden(err) {
		return nil, watcher.HoldForbidden(err)
	}
	if err != nil {
		return nil, errors.New("reading the kept credentials of phase 1: " + err.Error())
	}
	if data := credentialData(s); usable(data) {
		return data, nil
	}
	return nil, nil
}

// kept are the bytes to go back to. A target that is back already, and whose copy
// was lost, still holds them.
func (m *Mirror) kept(ctx context.Context, observed *corev1.Secret) (map[string][]byte, []watcher.Change, error) {
	data, err := m.load(ctx)
	if data != nil || err != nil || !FellBack(observed) || !m.foreign(observed) {
		return data, nil, err
	}
	changes, err := m.store(ctx, credentialData(observed))
	return credentialData(observed), changes, err
}

// foreign reports whether a target holds credentials, and none of ours.
func (m *Mirror) foreign(observed *corev1.Secret) bool {
	data, proof := credentialData(observed), m.Ledger.Latest(m.Submission)
	return usable(data) && !isOf(data, proof.Mirrored()) && !isOf(data, proof.Credentials)
}

// keepSeed stores the bytes of a seed that is about to be replaced. Where that
// cannot be done the seed stays: its bytes are nowhere else.
func (m *Mirror) keepSeed(ctx context.Context, observed *corev1.Secret) ([]watcher.Change, error) {
	if SideOf(observed) != SideSeed || !m.foreign(observed) {
		return nil, nil
	}
	data := credentialData(observed)
	have, err := m.load(ctx)
	if err != nil {
		return nil, m.notKept(err.Error(), data)
	}
	if sameBytes(have, data) {
		return nil, nil
	}
	return m.store(ctx, data)
}

// store writes the copy and reads it back.
func (m *Mirror) store(ctx context.Context, data map[string][]byte) ([]watcher.Change, error) {
	if m.DryRun {
		return nil, nil
	}
	c := corev1ac.Secret(m.Fallback.Secret, m.Namespace).WithType(corev1.SecretTypeOpaque).WithData(data).
		WithAnnotations(map[string]string{LabelSeedPhase: PhaseMothership, AnnotationKeep: "keep"})
	applied, err := m.Secrets.Apply(ctx, c, metav1.ApplyOptions{FieldManager: FieldManager, Force: true})
	if err != nil {
		return nil, m.notKept(err.Error(), data)
	}
	ref := m.ref(applied)
	ref.Name = m.Fallback.Secret
	changes := []watcher.Change{{Reason: ChangedFallbackKept, Action: "Apply", Writes: 1, Regarding: ref,
		Message: "kept the credentials of phase 1 of " + m.Name}}
	have, err := m.load(ctx)
	switch {
	case err != nil:
		return changes, m.notKept(err.Error(), data)
	case !sameBytes(have, data):
		return changes, m.notKept("it differs when read back", data)
	}
	return changes, nil
}

func (m *Mirror) notKept(why string, data map[string][]byte) error {
	return &watcher.HoldError{Why: ReasonFallbackNotKept, After: watcher.HandsPause, Text: "the target stays as it is, because its credentials of phase 1 cannot be kept in the secret " +
		m.Namespace + "/" + m.Fallback.Secret + ": " + Desired{Data: data}.scrub(why)}
}

// evict removes keys that an apply would leave, because somebody else owns them too.
// Everything that the apply will write goes with it: at no instant do bytes of two
// relays stand beside each other. The cache does not know whose the keys are.
func (m *Mirror) evict(ctx context.Context, d Desired, generation int64) error {
	if len(d.Absent) == 0 {
		return nil
	}
	live, err := m.Secrets.Get(ctx, m.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || err == nil && len(shared(live, d.Absent)) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	data := map[string]any{}
	for key, value := range d.Data {
		data[key] = value
	}
	for _, key := range d.Absent {
		data[key] = nil
	}
	patch, err := json.Marshal(map[string]any{"data": data, "metadata": map[string]any{
		"resourceVersion": live.ResourceVersion, "labels": d.Labels, "annotations": withGeneration(d.Annotations, generation)}})
	if err != nil {
		return errors.New("a patch cannot be written down")
	}
	_, err = m.Secrets.Patch(ctx, m.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: FieldManager})
	return err
}
