package stalwartsync

import (
	"context"
	"errors"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/rotation"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/watcher"
)

// Reconcile makes the relay true, logs in, and where somebody asks, notes how the
// login was answered.
func (r *Relay) Reconcile(ctx context.Context) (watcher.Result, error) {
	r.loggedIn = nil
	result, err := r.reconcile(ctx)
	if r.Judged != nil {
		r.judge(ctx)
	}
	return result, err
}

// lateLogin bounds a login after a run that took all of its time.
const lateLogin = 10 * time.Second

// judge notes the answer. A run may end before its login because the management API,
// the administrator's password, the SOURCE or the API server of Kubernetes is in
// trouble: none of that says that consumers are refused, so one login is tried all
// the same.
func (r *Relay) judge(ctx context.Context) {
	if errors.Is(ctx.Err(), context.Canceled) {
		return // we end, or lead no more
	}
	if r.loggedIn == nil {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), lateLogin)
		r.loggedIn = r.ask(late)
		cancel()
	}
	if r.loggedIn == nil {
		return
	}
	r.Ledger.Attempt(r.Submission, *r.loggedIn, time.Now())
	r.Judged()
}

// ask logs in with what was proven last, else with the SOURCE; nil where nobody
// knows. Without either there is nothing that could be accepted.
func (r *Relay) ask(ctx context.Context) *bool {
	c, password, err := r.lastKnown(ctx)
	var field *submission.FieldError
	var absent *submission.MissingError
	accepted := false
	switch {
	case errors.As(err, &field), errors.As(err, &absent):
		return &accepted
	case err != nil:
		return nil
	}
	probe, _, err := r.login(ctx, &run{credentials: c, desired: Desired{Addresses: []string{c.From}}}, password)
	if err != nil {
		return nil
	}
	accepted = probe.Verdict == smtpprobe.Accepted
	return &accepted
}

// lastKnown is what was proven last, else what the state says that the mirrors hold,
// else the SOURCE.
func (r *Relay) lastKnown(ctx context.Context) (submission.Credentials, redact.Secret, error) {
	if last := r.Ledger.Latest(r.Submission); !last.At.IsZero() {
		return last.Credentials, last.Mirrored().Password, nil
	}
	source, err := r.Source()
	if err != nil {
		return submission.Credentials{}, redact.Secret{}, err
	}
	if source == nil {
		return submission.Credentials{}, redact.Secret{}, &submission.MissingError{Namespace: r.SourceRef.Namespace, Name: r.SourceRef.Name}
	}
	wish, _ := r.Wish()
	c, err := submission.FromSecret(source.Data, wish.Domain)
	if err != nil || r.Rotation == nil {
		return c, c.Password, err
	}
	text, _, err := r.Rotation.Store.Load(ctx)
	if err != nil {
		return c, c.Password, err
	}
	state, err := rotation.DecodeState(text)
	if g := state.Now(); g != nil && g.User == c.User && !g.Password.Empty() {
		return c, g.Password, err
	}
	return c, c.Password, err
}
