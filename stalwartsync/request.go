package stalwartsync

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/openova-io/smtp-mirror/rotation"
	"github.com/openova-io/smtp-mirror/statesecret"
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/watcher"
)

// The annotations of a SOURCE with which a rotation is asked for. Where the SOURCE
// itself has to change, the second one says for which request it has.
const (
	AnnotationRotate  = rotation.Annotation
	AnnotationRotated = "smtp-mirror.openova.io/rotated"
)

// request is what the rotation is asked for: anything in mode issued; else only a
// revocation, and only once the SOURCE holds the bytes that come after it.
func request(source *corev1.Secret, issued bool) rotation.Request {
	asked := rotation.Request(source.Annotations[AnnotationRotate])
	if issued || asked.Revokes() && source.Annotations[AnnotationRotated] == string(asked) {
		return asked
	}
	return ""
}

// issued reports whether the mirrors hold what we mint, never the SOURCE's password.
func (r *Relay) issued() bool { return r.Rotation != nil && r.Rotation.Issued }

// answer gives the SOURCE a new password where that is asked for and permitted.
func (r *Relay) answer(ctx context.Context, result *watcher.Result, source *corev1.Secret) (*corev1.Secret, error) {
	asked := source.Annotations[AnnotationRotate]
	if r.issued() || r.DryRun || r.Sources == nil || asked == "" || asked == source.Annotations[AnnotationRotated] {
		return source, nil
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": source.ResourceVersion, "annotations": map[string]string{AnnotationRotated: asked}},
		"data":     map[string][]byte{submission.KeyPass: []byte(rotation.Password().Reveal())},
	})
	if err != nil {
		return nil, fmt.Errorf("encoding the new password: %T", err)
	}
	changed, err := r.Sources.Patch(ctx, source.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: statesecret.FieldManager})
	if err != nil {
		return nil, r.sourceRefused(err)
	}
	result.Changes = append(result.Changes, watcher.Change{Reason: ChangedSource, Action: "Rotate", Message: "wrote a new " + submission.KeyPass + ", as " + AnnotationRotate + " asks for", Writes: 1})
	return changed, nil
}

// sourceRefused names why the SOURCE was not written; the answer may quote the object.
func (r *Relay) sourceRefused(err error) error {
	name := "the secret " + r.SourceRef.Namespace + "/" + r.SourceRef.Name
	switch {
	case apierrors.IsForbidden(err):
		return watcher.HoldForbidden(err)
	case apierrors.IsInvalid(err):
		return &watcher.HoldError{Why: ReasonSourceImmutable, Text: name + " cannot be changed: the API server finds a new " + submission.KeyPass + " invalid", After: watcher.HandsPause}
	}
	return fmt.Errorf("writing %s: %s", name, apierrors.ReasonForError(err))
}

// unanswered says that a rotation is asked for which is not ours to make.
func (r *Relay) unanswered(source *corev1.Secret) error {
	asked := source.Annotations[AnnotationRotate]
	if r.issued() || r.Sources != nil || asked == "" || asked == source.Annotations[AnnotationRotated] {
		return nil
	}
	return &watcher.HoldError{Why: ReasonSourceIsYours, Text: "the annotation " + AnnotationRotate + " asks for a new " + submission.KeyPass +
		", but the SOURCE is yours to change; change it and set " + AnnotationRotated + " to the same value, or permit it with rotation.writeSource"}
}
