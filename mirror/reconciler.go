package mirror

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/watcher"
)

// Mirror keeps one target. Its exported fields are set once; the loop never runs
// it twice at once.
type Mirror struct {
	Submission      string
	Domain          string
	Namespace, Name string // of the target
	Wish            Wish
	SourceRef       corev1.ObjectReference
	Source          func() (*corev1.Secret, error)
	Target          func() (*corev1.Secret, error)
	Secrets         corev1client.SecretInterface // of the target's namespace
	Ledger          *submission.Ledger
	Ungated         bool // gate: none
	DryRun          bool
	Fallback        *Fallback // nil = the target never goes back to phase 1

	generation int64                  // the highest that was written or seen
	known      submission.Credentials // the fields that it stands for
	wanted     submission.Credentials // the fields of this run
	repairs    []repair               // of the last moments, oldest first

	knownSource, wantedSource types.UID // whose fields they are
	terms                     atomic.Bool
	counts                    time.Time     // since when the relay's answers count: a term, or a change of sides
	held                      redact.Secret // the bytes of phase 1, where they were written or seen last
}

// Renew forgets what was good: somebody else may have written since. It may be
// called from anywhere.
func (m *Mirror) Renew() { m.terms.Store(true) }

// Reconcile reads source and target from their caches, decides, applies, and
// reads back.
func (m *Mirror) Reconcile(ctx context.Context) (watcher.Result, error) {
	result := watcher.Result{Outcome: watcher.Converged, Regarding: m.SourceRef}
	if m.terms.Swap(false) {
		m.known, m.held, m.counts = submission.Credentials{}, redact.Secret{}, time.Now()
	}
	source, sourceErr := m.Source()
	if source != nil {
		result.Regarding.UID, result.Regarding.ResourceVersion = source.UID, source.ResourceVersion
	}
	observed, err := m.Target()
	sourceRef := result.Regarding
	result.Regarding = m.ref(observed)
	if err != nil {
		result.Also = sourceRef // a namespace that is gone looks like a missing right
		return result, err
	}
	if m.Fallback != nil {
		return m.guarded(ctx, result, observed, source, sourceErr)
	}
	return m.follow(ctx, result, observed, source, sourceErr)
}

// follow makes the target equal to the SOURCE.
func (m *Mirror) follow(ctx context.Context, result watcher.Result, observed, source *corev1.Secret, sourceErr error) (watcher.Result, error) {
	credentials, err := m.credentials(source, sourceErr)
	if err != nil {
		return m.keep(ctx, result, observed, err)
	}
	proof, done := m.Ledger.Use(m.Submission)
	defer done()
	proven := proof.Covers(source.UID, credentials)
	if proven {
		credentials = proof.Mirrored()
	}
	desired := Desire(credentials, source.UID, m.Wish)
	if m.known.Equal(credentials) {
		desired.Written = m.generation
	}
	m.wanted, m.wantedSource = credentials, source.UID
	decision := Decide(observed, desired, proven || m.Ungated, m.generation)
	if decision.Action == Apply && m.Fallback != nil {
		desired.Event = m.cutoverOf(observed)
		if result.Changes, err = m.keepSeed(ctx, observed); err != nil {
			return result, err
		}
	}
	return m.act(ctx, result, decision, desired)
}

func (m *Mirror) act(ctx context.Context, result watcher.Result, decision Decision, d Desired) (watcher.Result, error) {
	switch {
	case decision.Action == Keep:
		m.remember(decision, d)
		return result, nil
	case decision.Reason == ReasonAwaitingProof:
		return result, &watcher.HoldError{Why: decision.Reason, Text: decision.Message, Grace: proofGrace}
	case decision.Action == Hold:
		return result, &watcher.HoldError{Why: decision.Reason, Text: decision.Message}
	case m.DryRun:
		return m.would(ctx, result, decision, d)
	case d.Written > 0 && m.contended(strings.Join(decision.Changed, ", "), time.Now()):
		return result, &watcher.HoldError{Why: ReasonContended, After: contendedPause,
			Text: "somebody else changes the target again and again: " + strings.Join(decision.Changed, ", ")}
	}
	if err := m.evict(ctx, d, decision.Generation); err != nil {
		return m.refused(result, err, d)
	}
	applied, err := m.Secrets.Apply(ctx, m.configuration(d, decision.Generation), metav1.ApplyOptions{FieldManager: FieldManager, Force: true})
	if err != nil {
		return m.refused(result, err, d)
	}
	m.remember(decision, d)
	if d.Event == ChangedFellBack || d.Event == ChangedReturned {
		m.counts = time.Now()
	}
	result.Regarding = m.ref(applied)
	result.Changes = append(result.Changes, watcher.Change{Reason: cmp.Or(d.Event, ChangedMirror), Action: "Apply", Writes: 1, Regarding: result.Regarding,
		Message: fmt.Sprintf("applied generation %d: %s", decision.Generation, strings.Join(decision.Changed, ", "))})
	return result, m.verify(ctx, d)
}

// remember what the target holds now.
func (m *Mirror) remember(decision Decision, d Desired) {
	m.generation, m.known, m.knownSource, m.held = decision.Generation, m.wanted, m.wantedSource, d.seed
}

// proofGrace is how long the proof may take before waiting for it is a trouble:
// after every change of the SOURCE the relay is at work for a moment, 5 s of which
// are Stalwart's answer to a password that it does not know yet.
const proofGrace = 10 * time.Second

// would asks the API server without writing: a right that lacks shows.
func (m *Mirror) would(ctx context.Context, result watcher.Result, decision Decision, d Desired) (watcher.Result, error) {
	result.Reason, result.Message = ReasonWouldWrite, "would apply "+strings.Join(decision.Changed, ", ")
	_, err := m.Secrets.Apply(ctx, m.configuration(d, decision.Generation), metav1.ApplyOptions{FieldManager: FieldManager, Force: true, DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return m.refused(result, err, d)
	}
	return result, nil
}

// configuration is our part of the Secret as an apply configuration.
func (m *Mirror) configuration(d Desired, generation int64) *corev1ac.SecretApplyConfiguration {
	return corev1ac.Secret(m.Name, m.Namespace).WithType(corev1.SecretTypeOpaque).
		WithLabels(d.Labels).WithAnnotations(withGeneration(d.Annotations, generation)).WithData(d.Data)
}

// verify reads past every cache: an admission webhook may have changed what was
// applied.
func (m *Mirror) verify(ctx context.Context, d Desired) error {
	stored, err := m.Secrets.Get(ctx, m.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return &readBackError{"it is gone again"}
	}
	if err != nil {
		return m.classify(err, d)
	}
	d.Written = m.generation
	if changed := Decide(stored, d, true, m.generation).Changed; len(changed) > 0 {
		return &readBackError{strings.Join(changed, ", ")}
	}
	return nil
}

type readBackError struct{ names string }

func (e *readBackError) Error() string {
	return "the apply succeeded, but differs when read back: " + e.names
}
func (e *readBackError) Reason() string { return ReasonReadBackDiffers }

// refused names why the API server does not take the write. Where the namespace
// is the reason, the Event goes to the SOURCE.
func (m *Mirror) refused(result watcher.Result, err error, d Desired) (watcher.Result, error) {
	err = m.classify(err, d)
	switch watcher.ReasonOf(err) {
	case ReasonNamespaceMissing, ReasonNamespaceTerminating:
		result.Regarding = m.SourceRef
	case watcher.ReasonForbidden:
		result.Also = m.SourceRef
	}
	return result, err
}

// classify turns an error of the API server into the wait that it means. An
// admission webhook words its own refusals, and may quote the object.
func (m *Mirror) classify(err error, d Desired) error {
	text := d.scrub(err.Error())
	switch {
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return &watcher.HoldError{Why: ReasonNamespaceTerminating, Text: "the namespace " + m.Namespace + " of the target " + m.Name + " is being deleted", After: watcher.HandsPause}
	case apierrors.IsForbidden(err):
		return &watcher.HoldError{Why: watcher.ReasonForbidden, Text: text, After: watcher.HandsPause}
	case apierrors.IsNotFound(err):
		return &watcher.HoldError{Why: ReasonNamespaceMissing, Text: "the namespace " + m.Namespace + " of the target " + m.Name + " does not exist", After: watcher.HandsPause}
	case apierrors.IsInvalid(err):
		return &watcher.HoldError{Why: ReasonTargetImmutable, Text: "the API server finds the write invalid: the target was replaced by one that cannot be changed", After: watcher.HandsPause}
	}
	return errors.New("writing the target: " + text)
}

// ref is the target as the object of an Event. The resource version is part of
// it, so that two real changes are two Events and not a series of one.
func (m *Mirror) ref(s *corev1.Secret) corev1.ObjectReference {
	ref := corev1.ObjectReference{APIVersion: "v1", Kind: "Secret", Namespace: m.Namespace, Name: m.Name}
	if s != nil {
		ref.UID, ref.ResourceVersion = s.UID, s.ResourceVersion
	}
	return ref
}
