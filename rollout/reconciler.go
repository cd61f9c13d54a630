package rollout

import (
	"context"
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
	ReasonConsumerMissing = "ConsumerMissing"
	ReasonNotRendered     = "NotRendered"
	ReasonRolloutLate     = "RolloutLate"
	ReasonWouldRoll       = "WouldRoll"
	ChangedRollout        = "ConsumerRolled"
)

// How often a rollout is looked at, and how long it may be ordinary that a
// rendered Secret is behind: Flux comes by every 10 to 15 minutes.
const (
	watchEvery  = time.Second
	absentEvery = 5 * time.Second
	renderGrace = 20 * time.Minute
)

// Consumer rolls one workload. Its exported fields are set once; the loop never
// runs it twice at once.
type Consumer struct {
	Submission string
	Workload   workload.Workload
	Pods       corev1client.PodInterface              // of the workload's namespace
	Read       func() (*corev1.Secret, error)         // the mirror
	Via        func() (*corev1.Secret, string, error) // what the Pods really read, and the key of the password; nil = the mirror
	Ledger     *submission.Ledger
	Board      *Board
	Moved      func() // what it runs on has changed
	Deadline   time.Duration
	DryRun     bool

	since time.Time // since when the rollout has been seen incomplete
}

// Name tells consumers apart.
func (c *Consumer) Name() string {
	return c.Workload.Namespace + "/" + workload.Resource(c.Workload.Kind) + "/" + c.Workload.Name
}

// Reconcile observes, decides, and annotates.
func (c *Consumer) Reconcile(ctx context.Context) (watcher.Result, error) {
	result := watcher.Result{Outcome: watcher.Converged, Regarding: corev1.ObjectReference{APIVersion: "apps/v1", Kind: c.Workload.Kind, Namespace: c.Workload.Namespace, Name: c.Workload.Name}}
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
		return result, &watcher.HoldError{Why: ReasonRolloutLate, Text: d.Message, After: watchEvery}
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

// observe reads past every cache what the workload is, and from the caches what its
// Pods read.
func (c *Consumer) observe(ctx context.Context) (Observed, error) {
	proof := c.Ledger.Latest(c.Submission)
	o := Observed{Wanted: proof.Generation}
	if !c.since.IsZero() {
		o.InProgress = time.Since(c.since)
	}
	seen, err := c.Workload.Read(ctx)
	if apierrors.IsNotFound(err) {
		return o, nil
	}
	if err != nil {
		return o, classify(err)
	}
	o.Found, o.Complete, o.Annotated = true, seen.Complete, number(seen.Annotations, c.Submission)
	mirror, err := c.Read()
	if err != nil {
		return o, err
	}
	o.Mirrored = mirror != nil && proof.Login.In(mirror.Data)
	o.Rendered = true
	if c.Via != nil {
		rendered, key, err := c.Via()
		if err != nil {
			return o, err
		}
		o.Rendered = rendered != nil && !proof.Login.Empty() && proof.Login.Equal(redact.New(string(rendered.Data[key])))
	}
	pods, err := c.Pods.List(ctx, metav1.ListOptions{LabelSelector: seen.Selector})
	if err != nil {
		return o, classify(err)
	}
	for i := range pods.Items {
		if p := &pods.Items[i]; p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed {
			o.Pods = append(o.Pods, Pod{Name: p.Name, Generation: number(p.Annotations, c.Submission)})
		}
	}
	return o, nil
}

// classify turns a refusal by RBAC into a wait.
func classify(err error) error {
	if apierrors.IsForbidden(err) {
		return &watcher.HoldError{Why: watcher.ReasonForbidden, Text: err.Error(), After: 5 * time.Second}
	}
	return fmt.Errorf("rolling the consumer: %w", err)
}
