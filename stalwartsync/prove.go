package stalwartsync

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/rotation"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/watcher"
)

// prove logs in. What it finds out is learned, and the next round plans the cure
// if there is one; if there is none, the trouble is named.
func (r *Relay) prove(ctx context.Context, s stalwart.Directory, result *watcher.Result, run *run) (done bool, err error) {
	probe, wait, err := r.login(ctx, run, run.current())
	if err != nil {
		return false, err
	}
	accepted := probe.Verdict == smtpprobe.Accepted
	r.loggedIn = &accepted
	if accepted {
		if err := r.confirm(ctx, run); err != nil {
			return false, err
		}
		r.conclude(result, run)
		if run.obstacle != nil {
			return true, run.obstacle // the rest works, and is proven
		}
		if r.Blind != nil {
			err = r.Blind()
		}
		return true, err
	}
	if g := run.turn.state.Now(); probe.Verdict == smtpprobe.PasswordRefused && g != nil && g.Slot == rotation.App && time.Since(r.replaced) > replaceEvery {
		run.turn.refused, r.replaced = g.Number, time.Now() // as good as lost: another one takes its place
		return false, nil
	}
	if probe.Broke == smtpprobe.StepAuth && !run.forgot && r.drops < mostDrops && !r.DryRun && run.observed.Generation == stalwart.Gen016 {
		return false, r.forgetTokens(ctx, s, result, run)
	}
	run.belief = run.belief.Learn(probe.Verdict)
	if len(r.plan(run)) > 0 {
		return false, nil
	}
	if probe.Verdict == smtpprobe.PasswordRefused && r.Ledger.Latest(r.Submission).Covers(run.source.UID, run.credentials) {
		r.Ledger.Revoke(r.Submission)
	}
	return false, r.trouble(ctx, result, probe, wait, run)
}

// replaceEvery bounds how often a refused app password is replaced without a login
// in between: it may be refused for where we come from, and the next one too.
const replaceEvery = 10 * time.Minute

// mostDrops bounds how often the caches are dropped for that without a login in
// between: 0.16 also cuts off whoever comes from an address that is not allowed.
const mostDrops = 5

// forgetTokens drops the caches of 0.16, once in a run. A login that was under way
// while a credential changed leaves the account's old access token behind. A release
// build makes another one; a debug build finds it stale, and ends every login of the
// account without an answer until somebody drops it.
func (r *Relay) forgetTokens(ctx context.Context, s stalwart.Directory, result *watcher.Result, run *run) error {
	run.forgot = true
	r.drops++
	if err := s.ForgetAll(ctx); err != nil {
		return err
	}
	result.Changes = append(result.Changes, watcher.Change{Reason: ChangedCaches, Action: string(DropCaches), Message: string(DropCaches) + ": a login ended without an answer", Writes: 1})
	return nil
}

// login probes through the gate. A credential that may not be offered now keeps
// its last answer.
func (r *Relay) login(ctx context.Context, run *run, password redact.Secret) (smtpprobe.Result, time.Duration, error) {
	request, err := r.Request(run.credentials)
	if err != nil {
		return smtpprobe.Result{}, 0, err
	}
	request.User, request.Password = run.credentials.User, password
	request.Senders = run.senders()
	request.ImplicitTLS = run.credentials.ImplicitTLS()
	var probe smtpprobe.Result
	err = r.Gate.Do(ctx, stalwart.Credential{User: request.User, Password: request.Password}, func() (bool, error) {
		probe = r.Probe(ctx, request)
		switch probe.Verdict {
		case smtpprobe.PasswordRefused:
			r.refusal, r.refused = probe, &password
			return true, nil
		case smtpprobe.ProtocolError:
			if probe.Broke == smtpprobe.StepAuth {
				r.refusal, r.refused = probe, &password
				return false, stalwart.ErrCut
			}
		case smtpprobe.Accepted, smtpprobe.NotAuthorized, smtpprobe.SenderRefused:
			return false, nil
		}
		return false, errNoLogin
	})
	var rejected *stalwart.RejectedError
	if errors.As(err, &rejected) {
		switch {
		case r.refused != nil && r.refused.Equal(request.Password):
		case !rejected.Spent: // under another configuration
			return smtpprobe.Result{Verdict: smtpprobe.PasswordRefused, Detail: "it was refused before"}, rejected.After, nil
		default:
			return probe, 0, &watcher.HoldError{Why: ReasonLoginsExhausted, After: rejected.After,
				Text: "too many logins were refused today; to be safe from a ban, none is tried until the first of them is a day old"}
		}
		return r.refusal, rejected.After, nil
	}
	return probe, 0, nil
}

// senders are the addresses that are granted.
func (r *run) senders() []string {
	return slices.DeleteFunc(slices.Clone(r.desired.Addresses), func(a string) bool { return slices.Contains(r.blocked, a) })
}

// errNoLogin tells the gate that the credential was not judged.
var errNoLogin = errors.New("the probe did not come to the login")

// conclude records the proof.
func (r *Relay) conclude(result *watcher.Result, run *run) {
	had := !r.Ledger.Latest(r.Submission).At.IsZero()
	r.tried, r.cured, r.silent, r.bound, r.replaced, r.drops = nil, Belief{}, time.Time{}, false, time.Time{}, 0
	at, news := r.record(run)
	result.LastProof = at
	if news && (had || len(result.Changes) > 0) {
		result.Changes = append(result.Changes, watcher.Change{Reason: ChangedProof, Action: "Login", Message: "a login as " + run.credentials.User +
			" was accepted, and MAIL FROM for " + strings.Join(run.senders(), ", ")})
	}
	result.Reason, result.Message = Findings(run.observed, r.reloadFailure, r.podFailure, r.optional)
	result.After = run.turn.wait
	if r.reloadFailure != nil || r.podFailure != nil || r.optional != nil {
		result.After = 30 * time.Second
	}
}

func (r *Relay) record(run *run) (at time.Time, news bool) {
	at = time.Now()
	news = r.Ledger.Record(r.Submission, submission.Proof{SourceUID: run.source.UID, Credentials: run.credentials, Login: run.current(), Generation: run.turn.state.Current, At: at})
	if news {
		r.Proven()
	}
	return at, news
}
