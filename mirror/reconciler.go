package mirror

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

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

	generation int64                  // the highest that was written or seen
	known      submission.Credentials // the fields that it stands for
	wanted     submission.Credentials // the fields of this run
	repairs    []repair               // of the last moments, oldest first

	knownSource, wantedSource types.UID // whose fields they are
	terms                     atomic.Bool
}

// Renew forgets what was good: somebody else may have written since. It may be
// called from anywhere.
func (m *Mirror) Renew() { m.terms.Store(true) }

// Reconcile reads source and target from their caches, decides, applies, and
// reads back.
func (m *Mirror) Reconcile(ctx context.Context) (watcher.Result, error) {
	result := watcher.Result{Outcome: watcher.Converged, Regarding: m.SourceRef}
	if m.terms.Swap(false) {
		m.known = submission.Credentials{}
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
	return m.act(ctx, result, Decide(observed, desired, proven || m.Ungated, m.generation), desired)
}

func (m *Mirror) act(ctx context.Context, result watcher.Result, decision Decision, d Desired) (watcher.Result, error) {
	switch {
	case decision.Action == Keep:
		m.generation, m.known, m.knownSource = decision.Generation, m.wanted, m.wantedSource
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
	applied, err := m.Secrets.Apply(ctx, m.configuration(d, decision.Generation), metav1.ApplyOptions{FieldManager: FieldManager, Force: true})
	if err != nil {
		return m.refused(result, err, d)
	}
	m.generation, m.known, m.knownSource = decision.Generation, m.wanted, m.wantedSource
	result.Regarding = m.ref(applied)
	result.Changes = []watcher.Change{{Reason: ChangedMirror, Action: "Apply", Writes: 1, Regarding: result.Regarding,
		Message: fmt.Sprintf("applied generation %d: %s", decision.Generation, strings.Join(decision.Changed, ", "))}}
	return result, m.verify(ctx, d)
}

// A few repairs are drift. The same repair dozens of times in seconds is another
// writer who takes it for drift of his own: two such would never rest.
const (
	contendedRepairs = 30
	contendedSpan    = 10 * time.Second
	contendedPause   = time.Second
)

// repair is one apply that no change of the SOURCE asked for.
type repair struct {
	what string
	at   time.Time
}

// contended counts a repair, and reports whether there were too many of its kind
// of late.
func (m *Mirror) contended(what string, now time.Time) bool {
	m.repairs = slices.DeleteFunc(m.repairs, func(r repair) bool { return now.Sub(r.at) > contendedSpan })
	same := 0
	for _, r := range m.repairs {
		if r.what == what {
			same++
		}
	}
	if same >= contendedRepairs {
		return true
	}
	m.repairs = append(m.repairs, repair{what, now})
	return false
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

// namespacePause is how often a missing right or namespace is tried again:
// nothing wakes when it appears.
const namespacePause = 5 * time.Second

// classify turns an error of the API server into the wait that it means. An
// admission webhook words its own refusals, and may quote the object.
func (m *Mirror) classify(err error, d Desired) error {
	text := d.scrub(err.Error())
	switch {
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return &watcher.HoldError{Why: ReasonNamespaceTerminating, Text: "the namespace " + m.Namespace + " of the target " + m.Name + " is being deleted", After: namespacePause}
	case apierrors.IsForbidden(err):
		return &watcher.HoldError{Why: watcher.ReasonForbidden, Text: text, After: namespacePause}
	case apierrors.IsNotFound(err):
		return &watcher.HoldError{Why: ReasonNamespaceMissing, Text: "the namespace " + m.Namespace + " of the target " + m.Name + " does not exist", After: namespacePause}
	case apierrors.IsInvalid(err):
		return &watcher.HoldError{Why: ReasonTargetImmutable, Text: "the API server finds the write invalid: the target was replaced by one that cannot be changed", After: namespacePause}
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
