package mirror

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/watcher"
)

// Fallback is how a target goes back to the bytes of phase 1.
type Fallback struct {
	After  time.Duration // how long our own relay must have failed, or worked again
	Secret string        // where the bytes are kept, in the target's namespace
	Ask    func()        // a login is wanted, whose answer the ledger gets
}

// guarded is a run of a target that has something to go back to.
func (m *Mirror) guarded(ctx context.Context, result watcher.Result, observed, source *corev1.Secret, sourceErr error) (watcher.Result, error) {
	side := SideOf(observed)
	if observed == nil && !m.held.Empty() {
		side = SideFallback // it was deleted under us
	}
	v := Judge(side, m.Ledger.Health(m.Submission).From(m.counts), m.Fallback.After, time.Now())
	if v.Ask {
		m.Fallback.Ask()
	}
	result.After = v.Wait
	var err error
	switch {
	case side == SideFallback && !(v.Switch && m.covered(source, sourceErr)), side == SideOwn && v.Switch:
		result, err = m.goBack(ctx, result, observed, source, sourceErr)
	default:
		result, err = m.follow(ctx, result, observed, source, sourceErr)
	}
	return result, pace(err, v.Wait)
}

// covered reports whether the SOURCE's credentials are proven: only with them does
// a target return.
func (m *Mirror) covered(source *corev1.Secret, sourceErr error) bool {
	credentials, err := m.credentials(source, sourceErr)
	return err == nil && m.Ledger.Latest(m.Submission).Covers(source.UID, credentials)
}

// goBack takes the target to the kept bytes, or keeps it there. Where there are
// none it goes on as ever.
func (m *Mirror) goBack(ctx context.Context, result watcher.Result, observed, source *corev1.Secret, sourceErr error) (watcher.Result, error) {
	kept, changes, err := m.kept(ctx, observed)
	if err != nil {
		return result, err
	}
	result.Changes = changes
	if kept == nil {
		result, err = m.follow(ctx, result, observed, source, sourceErr)
		if err == nil {
			err = &watcher.HoldError{Why: ReasonFallbackMissing, Text: "our own relay fails, and the secret " + m.Namespace + "/" + m.Fallback.Secret +
				" holds no credentials of phase 1 to go back to"}
		}
		return result, err
	}
	d := DesireSeed(kept, m.Wish)
	d.Event = ChangedFellBack
	if m.held.Equal(d.seed) {
		d.Written = m.generation
	}
	if FellBack(observed) || d.Written > 0 {
		d.Event = ChangedMirror // a repair
	}
	m.wanted, m.wantedSource = submission.Credentials{}, ""
	result, err = m.act(ctx, result, Decide(observed, d, true, m.generation), d)
	if err == nil && !m.DryRun {
		err = &watcher.HoldError{Why: ReasonOnFallback, Text: "the target holds the credentials of phase 1 until our own relay has accepted logins for " + m.Fallback.After.String()}
	}
	return result, err
}

// cutoverOf is the Event of a write that points a target at our own relay.
func (m *Mirror) cutoverOf(observed *corev1.Secret) string {
	if FellBack(observed) || !m.held.Empty() {
		return ChangedReturned
	}
	return ChangedMirror
}

// paced is a wait that is looked at again in time.
type paced struct {
	error
	every time.Duration
}

func (p *paced) Unwrap() error { return p.error }

// Hold is how long to wait.
func (p *paced) Hold() time.Duration { return p.every }

// pace bounds how long a wait lasts without a look.
func pace(err error, every time.Duration) error {
	var wait interface{ Hold() time.Duration }
	if every <= 0 || !errors.As(err, &wait) || wait.Hold() > 0 && wait.Hold() <= every {
		return err
	}
	return &paced{err, every}
}
