package mirror_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/openova-io/smtp-mirror/mirror"
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/watcher"
)

var secretsResource = schema.GroupResource{Resource: "secrets"} //nolint:gochecknoglobals // a constant

// TestCutover walks from the seed to the own relay: it stays until the proof,
// then everything is written at once, and never again.
func TestCutover(t *testing.T) {
	w := newWorld()
	w.seed()
	_, err := w.Reconcile(t.Context())
	if watcher.ReasonOf(err) != mirror.ReasonAwaitingProof {
		t.Errorf("unproven: %v", err)
	}
	w.prove("another password")
	if _, err = w.Reconcile(t.Context()); watcher.ReasonOf(err) != mirror.ReasonAwaitingProof {
		t.Errorf("another password is proven: %v", err)
	}
	w.applies(t, 0)
	w.prove(canary)
	result, err := w.Reconcile(t.Context())
	if err != nil || result.Outcome != watcher.Converged || len(result.Changes) != 1 || result.Changes[0].Writes != 1 {
		t.Fatalf("proven: %+v, %v", result, err)
	}
	if o := w.target.options[0]; o.FieldManager != "bp-stalwart-sovereign" || !o.Force {
		t.Errorf("%+v", o)
	}
	if got := w.target.stored; got.Labels["app.kubernetes.io/managed-by"] != "catalyst-api" || got.Type != corev1.SecretTypeOpaque || string(got.Data["password"]) != canary {
		t.Error("the seed's label was lost, or the bytes are not the SOURCE's")
	}
	if said := fmt.Sprintf("%+v", result); strings.Contains(said, canary) || !strings.Contains(said, "smtp-pass") {
		t.Error("a change names keys, and no values")
	}
	result, err = w.Reconcile(t.Context())
	if err != nil || len(result.Changes) != 0 {
		t.Errorf("again: %d changes, %v", len(result.Changes), err)
	}
	w.applies(t, 1)
}

// TestDriftIsRepaired: an edit, a lost label, and a deletion; none of them changes
// a field of the SOURCE, so the generation stays, and goes on with the next change.
func TestDriftIsRepaired(t *testing.T) {
	w := newWorld()
	w.prove(canary)
	drifts := []struct {
		name       string
		do         func()
		generation string
	}{
		{"absent", func() {}, "1"},
		{"edited", func() { w.target.stored.Data["user"] = []byte("somebody") }, "1"},
		{"a label lost", func() { w.target.stored.Labels = nil }, "1"},
		{"deleted", func() { w.target.stored = nil }, "1"},
		{"the generation lost", func() { delete(w.target.stored.Annotations, mirror.AnnotationGeneration) }, "1"},
	}
	for i, drift := range drifts {
		drift.do()
		if _, err := w.Reconcile(t.Context()); err != nil {
			t.Fatalf("%s: %v", drift.name, err)
		}
		w.applies(t, i+1)
		if got := w.target.stored.Annotations[mirror.AnnotationGeneration]; got != drift.generation {
			t.Errorf("%s: generation %s, want %s", drift.name, got, drift.generation)
		}
	}
}

// TestABrokenSourceChangesNothing: the last good mirror stays, loudly.
func TestABrokenSourceChangesNothing(t *testing.T) {
	rows := []struct {
		name   string
		source func() (*corev1.Secret, error)
		reason string
		says   string
	}{
		{"absent", func() (*corev1.Secret, error) { return nil, nil }, submission.ReasonSourceMissing, "stalwart-sovereign/stalwart-sovereign-submission"},
		{"empty", func() (*corev1.Secret, error) { return &corev1.Secret{}, nil }, submission.ReasonSourceInvalid, "smtp-host"},
		{"a bad password", func() (*corev1.Secret, error) { return source(canary + "\n"), nil }, submission.ReasonSourceInvalid, "smtp-pass"},
		{"not readable", func() (*corev1.Secret, error) {
			return nil, &watcher.DeniedError{Err: errors.New("cannot list secrets")}
		}, watcher.ReasonForbidden, "list"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld()
			w.Ungated = true
			w.seed()
			w.Source = row.source
			_, err := w.Reconcile(t.Context())
			if watcher.ReasonOf(err) != row.reason || !says(err, row.says) || says(err, canary) {
				t.Errorf("the reason is %s, or the text names a value", watcher.ReasonOf(err))
			}
			w.applies(t, 0)
		})
	}
}

// TestRefusals: each way in which the API server refuses the write, its reason,
// and the object that its Event goes to.
func TestRefusals(t *testing.T) {
	terminating := apierrors.NewForbidden(secretsResource, "s", errors.New("terminating"))
	terminating.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	rows := []struct {
		name     string
		err      error
		reason   string
		held     bool
		onSource bool
	}{
		{"the right is missing", apierrors.NewForbidden(secretsResource, "s", errors.New("cannot patch resource")), watcher.ReasonForbidden, true, false},
		{"no namespace", apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "catalyst-system"), mirror.ReasonNamespaceMissing, true, true},
		{"the namespace ends", terminating, mirror.ReasonNamespaceTerminating, true, true},
		{"it became immutable", apierrors.NewInvalid(schema.GroupKind{Kind: "Secret"}, "s", nil), mirror.ReasonTargetImmutable, true, false},
		{"the API server is away", apierrors.NewServiceUnavailable("away"), watcher.ReasonError, false, false},
		{"anything else", apierrors.NewGenericServerResponse(http.StatusTeapot, "patch", secretsResource, "s", "", 0, true), watcher.ReasonError, false, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld()
			w.Ungated, w.target.refuse = true, row.err
			result, err := w.Reconcile(t.Context())
			var hold *watcher.HoldError
			if watcher.ReasonOf(err) != row.reason || errors.As(err, &hold) != row.held || len(result.Changes) != 0 {
				t.Errorf("%s: %v", watcher.ReasonOf(err), err)
			}
			if hold != nil && hold.After <= 0 {
				t.Error("nothing would wake it when the cause is gone")
			}
			if got := result.Regarding.Namespace == "stalwart-sovereign"; got != row.onSource {
				t.Errorf("the event goes to %s", result.Regarding.Namespace)
			}
			w.target.refuse = nil
			if _, err := w.Reconcile(t.Context()); err != nil || w.target.stored.Annotations[mirror.AnnotationGeneration] != "1" {
				t.Errorf("after the cause is gone: %v", err)
			}
		})
	}
}

// TestAWriteIsReadBack: an admission webhook changes what was applied.
func TestAWriteIsReadBack(t *testing.T) {
	w := newWorld()
	w.Ungated = true
	w.target.mangle = func(s *corev1.Secret) { s.Data["smtp-pass"] = []byte(canary + " mangled") }
	result, err := w.Reconcile(t.Context())
	if watcher.ReasonOf(err) != mirror.ReasonReadBackDiffers || !says(err, "smtp-pass") || says(err, canary) {
		t.Errorf("the reason is %s", watcher.ReasonOf(err))
	}
	if len(result.Changes) != 1 {
		t.Errorf("%d changes were reported of one that happened", len(result.Changes))
	}
}

// TestDryRun: it says what it would do, by names, and writes nothing.
func TestDryRun(t *testing.T) {
	w := newWorld()
	w.Ungated, w.DryRun = true, true
	result, err := w.Reconcile(t.Context())
	if err != nil || result.Reason != mirror.ReasonWouldWrite || !strings.Contains(result.Message, "smtp-pass") || strings.Contains(result.Message, canary) {
		t.Errorf("%s, %v", result.Reason, err)
	}
	w.applies(t, 0)
}

// TestUnwritableTargets: what nobody can change in place is held with what to do.
func TestUnwritableTargets(t *testing.T) {
	yes := true
	rows := map[string]func(s *corev1.Secret){
		mirror.ReasonTargetType:        func(s *corev1.Secret) { s.Type = corev1.SecretTypeBasicAuth },
		mirror.ReasonTargetImmutable:   func(s *corev1.Secret) { s.Immutable = &yes },
		mirror.ReasonTargetTerminating: func(s *corev1.Secret) { s.DeletionTimestamp = &metav1.Time{} },
	}
	for reason, change := range rows {
		t.Run(reason, func(t *testing.T) {
			w := newWorld()
			w.seed()
			w.Ungated = true
			change(w.target.stored)
			if _, err := w.Reconcile(t.Context()); watcher.ReasonOf(err) != reason {
				t.Errorf("%v", err)
			}
			w.applies(t, 0)
			w.seed() // somebody has replaced it
			if _, err := w.Reconcile(t.Context()); err != nil {
				t.Errorf("after the cause is gone: %v", err)
			}
		})
	}
}
