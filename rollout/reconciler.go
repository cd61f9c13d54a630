package rollout

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/workload"
)

// The reasons of this room.
const (
	ReasonConsumerMissing  = "ConsumerMissing"
	ReasonFluxNotInstalled = "FluxNotInstalled"
	ReasonNotRendered      = "NotRendered"
	ReasonRolloutLate      = "RolloutLate"
	ReasonWouldRoll        = "WouldRoll"
	ChangedRollout         = "ConsumerRolled"
)

// How often a rollout is looked at, and how long it may be ordinary that a
// rendered Secret is behind: Flux comes by every 10 to 15 minutes.
const (
	watchEvery     = time.Second
	absentEvery    = 5 * time.Second
	lateEvery      = 5 * time.Second
	notServedEvery = time.Minute
	renderGrace    = 20 * time.Minute
)

// Workload is what is rolled: a [workload.Workload], or a [workload.Flux], which rolls
// what it renders.
type Workload interface {
	Ref() corev1.ObjectReference
	Read(ctx context.Context) (workload.Observed, error)
	Annotate(ctx context.Context, name, value string) error
}

// Via is the Secret that Pods really read, rendered from the mirror, and its keys.
type Via struct {
	Read       func() (*corev1.Secret, error)
	User, Pass string
}

// holds reports whether both keys have the bytes that the mirror is to have.
func (v Via) holds(secret *corev1.Secret, c submission.Credentials) bool {
	return secret != nil && !c.Password.Empty() && string(secret.Data[v.User]) == c.User && c.Password.Equal(redact.New(string(secret.Data[v.Pass])))
}

// Consumer rolls one workload. Its exported fields are set once; the loop never
// runs it twice at once.
type Consumer struct {
	Submission string
	Workload   Workload
	Pods       corev1client.PodInterface      // of the workload's namespace; nil for what renders
	Read       func() (*corev1.Secret, error) // the mirror
	Via        *Via                           // nil = the mirror itself
	Ledger     *submission.Ledger
	Board      *Board
	Moved      func() // what it runs on has changed
	Deadline   time.Duration
	DryRun     bool

	since time.Time // since when the rollout has been seen incomplete
}

// Name tells consumers apart.
func (c *Consumer) Name() string {
	ref := c.Workload.Ref()
	return ref.Namespace + "/" + workload.Resource(ref.Kind) + "/" + ref.Name
}

// Reconcile observes, decides, and annotates.
func (c *Consumer) Reconcile(ctx context.Context) (watcher.Result, error) {
	result := watcher.Result{Outcome: watcher.Converged, Regarding: c.Workload.Ref()}
	o, err := c.observe(ctx)
	if err != nil {
		return result, err
	}
	d := Decide(o, c.Deadline)
	if c.Board.set(c.Submission, c.Name(), d.Running) {
		c.Moved()
	}
	if d.Action != Watch && d.Action != Late {
		c.since = time.Time{}
	} else if c.since.IsZero() {
		c.since = time.Now()
	}
	switch d.Action {
	case Nothing, Wait:
	case Absent:
		return result, &watcher.HoldError{Why: ReasonConsumerMissing, Text: d.Message, After: absentEvery}
	case Render:
		return result, &watcher.HoldError{Why: ReasonNotRendered, Text: d.Message, Grace: renderGrace}
	case Late:
		return result, &watcher.HoldError{Why: ReasonRolloutLate, Text: d.Message, After: lateEvery}
	case Watch:
		result.After = watchEvery
	case Roll:
		return c.roll(ctx, result, o, d)
	}
	return result, nil
}

func (c *Consumer) roll(ctx context.Context, result watcher.Result, o Observed, d Decision) (watcher.Result, error) {
	if c.DryRun {
		result.Reason, result.Message = ReasonWouldRoll, "would roll: "+d.Message
		return result, nil
	}
	if err := c.Workload.Annotate(ctx, AnnotationOf(c.Submission), strconv.FormatInt(o.Wanted, 10)); err != nil {
		return result, classify(err)
	}
	result.Regarding.FieldPath = d.Message
	result.Changes = []watcher.Change{{Reason: ChangedRollout, Action: string(Roll), Message: d.Message, Regarding: result.Regarding, Writes: 1}}
	result.After = watchEvery
	return result, nil
}

// Told is the highest generation that the consumer was told and still shows, 0 where
// there is none. It reads past every cache.
func (c *Consumer) Told(ctx context.Context) (int64, error) {
	var o Observed
	err := c.look(ctx, &o)
	var notServed *workload.NotServedError
	if errors.As(err, &notServed) {
		return 0, nil
	}
	return o.told(), classify(err)
}

// observe reads what the workload is past every cache, and from the caches what its
// Pods read.
func (c *Consumer) observe(ctx context.Context) (Observed, error) {
	proof := c.Ledger.Latest(c.Submission)
	o := Observed{Wanted: proof.Generation, Renders: c.Pods == nil}
	if !c.since.IsZero() {
		o.InProgress = time.Since(c.since)
	}
	if err := c.look(ctx, &o); err != nil || !o.Found {
		return o, classify(err)
	}
	mirror, err := c.Read()
	if err != nil {
		return o, err
	}
	wanted := proof.Mirrored()
	o.Mirrored = mirror != nil && wanted.Password.In(mirror.Data) && redact.New(wanted.User).In(mirror.Data)
	o.Rendered = true
	if c.Via != nil {
		rendered, err := c.Via.Read()
		if err != nil {
			return o, err
		}
		o.Rendered = c.Via.holds(rendered, wanted)
	}
	return o, nil
}

// look reads the workload and its Pods.
func (c *Consumer) look(ctx context.Context, o *Observed) error {
	seen, err := c.Workload.Read(ctx)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	o.Found, o.Complete, o.Why, o.Annotated = true, seen.Complete, seen.Why, number(seen.Annotations, c.Submission)
	if c.Pods == nil {
		return nil
	}
	pods, err := c.Pods.List(ctx, metav1.ListOptions{LabelSelector: seen.Selector})
	if err != nil {
		return fmt.Errorf("listing the Pods: %w", err)
	}
	for i := range pods.Items {
		if p := &pods.Items[i]; p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed {
			o.Pods = append(o.Pods, Pod{Name: p.Name, Generation: number(p.Annotations, c.Submission)})
		}
	}
	return nil
}

// classify turns what somebody else has to mend into a wait.
func classify(err error) error {
	var notServed *workload.NotServedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &notServed):
		return &watcher.HoldError{Why: ReasonFluxNotInstalled, Text: err.Error(), After: notServedEvery}
	case apierrors.IsForbidden(err):
		return watcher.HoldForbidden(err)
	}
	return fmt.Errorf("rolling the consumer: %w", err)
}
