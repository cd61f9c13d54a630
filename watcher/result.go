package watcher

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Target is the name of a thing to make true, for example "relay/console".
type Target string

// Outcome is where a target stands.
type Outcome string

// The outcomes. They are a metric label and a field of /status.
const (
	Converged Outcome = "Converged" // observed equals desired
	Held      Outcome = "Held"      // waiting for somebody else; the reason says for whom
	Retrying  Outcome = "Retrying"  // something failed; the queue tries again
)

// Outcomes lists all outcomes.
func Outcomes() []Outcome { return []Outcome{Converged, Held, Retrying} }

// ReasonPending is the reason of a target that has not run yet.
const ReasonPending = "Pending"

// ReasonError is the reason of an error that names none.
const ReasonError = "Error"

// ReasonPanic is the reason of a reconciler that panicked: a bug of ours.
const ReasonPanic = "Panic"

// Result is what a [Reconciler] found and did. An error beside it always means
// Retrying; Changes are reported even then, because they happened.
type Result struct {
	Outcome Outcome
	Reason  string        // a constant of the reconciler's room; empty only when Converged
	Message string        // for people; the same text as long as the situation is the same
	After   time.Duration // look again after this time even if nobody wakes the target; 0 = resync only
	Changes []Change      // real changes, in order

	// Regarding is the object that a trouble is about, for its Event.
	Regarding corev1.ObjectReference
	// Also is where the trouble is said too, because the namespace of Regarding may
	// be gone and its Event lost; empty for nowhere.
	Also corev1.ObjectReference
	// Grace is how long a Held may last before it is a trouble: some waits are part
	// of the ordinary course. When it is over, the target is looked at again.
	Grace time.Duration
	// Silent is the host:port at which nothing answers, where that is the cause.
	Silent string
	// LastProof is the time of the newest accepted login, where the target makes proofs.
	LastProof time.Time
}

// Change is one real change that was made and read back. Each becomes one
// Event, one log line and one count.
type Change struct {
	Reason    string // CamelCase, past tense: "PasswordSet"
	Action    string // what was done, CamelCase: "SetPassword"
	Message   string
	Regarding corev1.ObjectReference
	Warning   bool // somebody has to do something about it
	Writes    int  // writes to the target's own object: 1 for an apply, 0 for what is done elsewhere
}

// Reconciler makes one target true: observe, decide, act, verify. It is never
// called twice at once for the same target.
type Reconciler interface {
	Reconcile(ctx context.Context) (Result, error)
}

// ReconcilerFunc is a function as a [Reconciler].
type ReconcilerFunc func(ctx context.Context) (Result, error)

// Reconcile calls the function.
func (f ReconcilerFunc) Reconcile(ctx context.Context) (Result, error) { return f(ctx) }

// Status is the public state of a target: a row of /status.
type Status struct {
	Name      Target     `json:"name"`
	Outcome   Outcome    `json:"outcome"`
	Reason    string     `json:"reason"`
	Message   string     `json:"message"`
	Since     time.Time  `json:"since"`
	LastProof *time.Time `json:"lastProof"`

	quiet bool // nobody was told of this trouble
}

// Transition is a finished run of a target, for whoever reports it.
type Transition struct {
	Before, After Status
	Result        Result
	Err           error
}

// Trouble reports whether the run found a new trouble: held or failing for
// another reason than before. Held messages are stable texts and name the field,
// so another text is another trouble; the texts of failures are not compared.
func (t Transition) Trouble() bool {
	a, b := t.After, t.Before
	switch {
	case a.quiet:
		return false
	case a.Outcome == Held:
		return b.quiet || b.Outcome != Held || a.Reason != b.Reason || a.Message != b.Message
	case a.Outcome == Retrying:
		return b.Outcome != Retrying || a.Reason != b.Reason
	}
	return a.Reason != "" && (a.Reason != b.Reason || a.Message != b.Message)
}

// Recovered reports whether a trouble ended with this run.
func (t Transition) Recovered() bool {
	return t.After.Outcome == Converged && t.Before.Outcome != Converged && t.Before.Reason != ReasonPending && !t.Before.quiet
}

// reasoner is an error that knows its reason.
type reasoner interface{ Reason() string }

// ReasonOf gives the reason that an error names, else [ReasonError].
func ReasonOf(err error) string {
	var r reasoner
	if errors.As(err, &r) {
		return r.Reason()
	}
	return ReasonError
}
