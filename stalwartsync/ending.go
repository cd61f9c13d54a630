package stalwartsync

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/rotation"
)

// busyPause is how long a step waits for a mirror that is just being written.
const busyPause = 50 * time.Millisecond

// sure takes a second look before a credential ends: nobody may be about to mirror
// it, and the copies are read past their caches, which may be behind, also behind
// our own write.
func (r *Relay) sure(ctx context.Context, run *run, apps []rotation.Listed, d rotation.Desired, step rotation.Step, ended redact.Secret) (bool, error) {
	if !r.Ledger.Retract(r.Submission, ended) {
		run.turn.wait = busyPause
		return false, nil
	}
	var failure error
	live := func(c Copy) (*corev1.Secret, error) {
		secret, err := c.Live(ctx)
		if err != nil {
			failure = err
		}
		return secret, err
	}
	again := rotation.Next(r.Rotation.observed(run, apps, live), d, time.Now())
	if failure != nil {
		return false, failure
	}
	run.turn.wait = time.Second
	return again.Kind == step.Kind && again.App.ID == step.App.ID, nil
}
