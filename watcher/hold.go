package watcher

import (
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// HandsPause is how often is looked again for what somebody else has to mend in the
// API server: a right, a namespace, an object that cannot be changed. No watch tells.
const HandsPause = 5 * time.Second

// HoldForbidden makes a wait of an answer that RBAC is to blame for, and leaves
// every other error as it is.
func HoldForbidden(err error) error {
	if apierrors.IsForbidden(err) {
		return &HoldError{Why: ReasonForbidden, Text: err.Error(), After: HandsPause}
	}
	return err
}

// HoldError is a wait: trying again at once would find the same. The loop posts
// it as Held, not as Retrying.
type HoldError struct {
	Why   string // the reason, a constant of the room
	Text  string
	After time.Duration // look again after this time; 0 = when woken, or at the resync
	Grace time.Duration // no trouble before it has lasted this long

	Address string // host:port at which nothing answers, "" where that is not the cause
}

func (e *HoldError) Error() string { return e.Text }

// Reason is a heading of the runbook.
func (e *HoldError) Reason() string { return e.Why }

// Hold is how long to wait.
func (e *HoldError) Hold() time.Duration { return e.After }

// holder is an error that says by itself that it is a wait.
type holder interface {
	error
	Hold() time.Duration
}

// held turns an error that is a wait into the result it means.
func held(r Result, err error) (Result, error) {
	var h holder
	if !errors.As(err, &h) {
		return r, err
	}
	r.Outcome, r.Reason, r.Message, r.After = Held, ReasonOf(err), err.Error(), h.Hold()
	var wait *HoldError
	var denied *DeniedError
	switch {
	case errors.As(err, &wait):
		r.Grace, r.Silent = wait.Grace, wait.Address
	case errors.As(err, &denied):
		r.Grace = denied.Grace()
	}
	return r, nil
}
