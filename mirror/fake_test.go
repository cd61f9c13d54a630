package mirror_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/openova-io/smtp-mirror/mirror"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/submission"
)

// secrets is the API of one namespace with one Secret; all other methods are
// never called.
type secrets struct {
	corev1client.SecretInterface
	stored  *corev1.Secret
	applied []*corev1ac.SecretApplyConfiguration
	options []metav1.ApplyOptions
	refuse  error
	gone    error
	mangle  func(s *corev1.Secret) // an admission webhook
}

func (f *secrets) Apply(_ context.Context, c *corev1ac.SecretApplyConfiguration, o metav1.ApplyOptions) (*corev1.Secret, error) {
	if f.refuse != nil {
		return nil, f.refuse
	}
	if len(o.DryRun) > 0 {
		return f.stored.DeepCopy(), nil
	}
	f.applied, f.options = append(f.applied, c), append(f.options, o)
	ours := mirror.Desired{Data: c.Data, Labels: c.Labels, Annotations: c.Annotations}
	next := apply(f.stored, ours, 0)
	next.Annotations[mirror.AnnotationGeneration] = c.Annotations[mirror.AnnotationGeneration]
	next.Name, next.Namespace, next.UID, next.Type = *c.Name, *c.Namespace, "target-uid", *c.Type
	if f.mangle != nil {
		f.mangle(next)
	}
	f.stored = next
	return next.DeepCopy(), nil
}

func (f *secrets) Get(_ context.Context, name string, _ metav1.GetOptions) (*corev1.Secret, error) {
	if f.gone != nil {
		return nil, f.gone
	}
	if f.stored == nil {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, name)
	}
	return f.stored.DeepCopy(), nil
}

// world is a mirror with its SOURCE and its target.
type world struct {
	*mirror.Mirror
	source *corev1.Secret
	target *secrets
}

func newWorld() *world {
	w := &world{target: &secrets{}, source: source(canary)}
	w.Mirror = &mirror.Mirror{
		Submission: "console", Domain: "omantel.omani.works", Namespace: "catalyst-system", Name: "sovereign-smtp-credentials",
		Wish:      mirror.Wish{Shapes: []mirror.Shape{mirror.ShapeSMTP, mirror.ShapeLegacy}},
		SourceRef: corev1.ObjectReference{Kind: "Secret", Namespace: "stalwart-sovereign", Name: "stalwart-sovereign-submission"},
		Source:    func() (*corev1.Secret, error) { return w.source, nil },
		Target:    func() (*corev1.Secret, error) { return w.target.stored, nil },
		Secrets:   w.target, Ledger: &submission.Ledger{},
	}
	return w
}

func source(password string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{UID: "source-uid"}, Data: map[string][]byte{"smtp-host": []byte("mail.omantel.omani.works"), "smtp-port": []byte("587"),
		"smtp-from": []byte("noreply@omantel.omani.works"), "smtp-user": []byte("noreply"), "smtp-pass": []byte(password)}}
}

// seed puts the bytes of phase 1 into the target.
func (w *world) seed() {
	w.target.stored = &corev1.Secret{Type: corev1.SecretTypeOpaque, ObjectMeta: metav1.ObjectMeta{UID: "target-uid", ResourceVersion: "1",
		Labels:      map[string]string{"app.kubernetes.io/managed-by": "catalyst-api"},
		Annotations: map[string]string{"catalyst.openova.io/seed-phase": "phase-1-mothership-relay"}},
		Data: map[string][]byte{"smtp-user": []byte("mothership"), "smtp-pass": []byte(canary + " of phase 1")}}
}

// prove records a login with a password.
func (w *world) prove(password string) {
	c := noreply()
	c.Password = redact.New(password)
	w.Ledger.Record("console", submission.Proof{SourceUID: "source-uid", Credentials: c, At: time.Unix(1, 0)})
}

// applies is the number of writes so far.
func (w *world) applies(t *testing.T, want int) {
	t.Helper()
	if got := len(w.target.applied); got != want {
		t.Errorf("%d writes, want %d", got, want)
	}
}

// says reports whether the text of an error holds a part of it: what people are
// told is part of what is tested.
func says(err error, part string) bool { return err != nil && strings.Contains(fmt.Sprint(err), part) }
