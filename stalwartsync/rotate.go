package stalwartsync

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/rotation"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/statesecret"
	"github.com/openova-io/smtp-mirror/watcher"
)

// Rotation replaces the credentials of a submission without refusing anybody. Its
// exported fields are set once.
type Rotation struct {
	Store      *statesecret.Store // of [rotation.KeyState]
	Issued     bool
	Overlap    time.Duration
	Every      time.Duration
	Lifetime   time.Duration
	AllowedIPs []string
	Window     func(time.Time) time.Time // issued: when renewing is welcome; nil = always
	Copies     []Copy
	Running    func() int64                                        // the lowest generation that a consumer may run on
	Told       func(ctx context.Context) (highest int64, all bool) // the highest that one was told, and whether all could be asked; nil = there are none

	seen map[string]time.Time // app passwords that no state knew, since when
}

// Copy is a Secret that consumers read: a mirror, or what is rendered from one.
type Copy struct {
	Read     func() (*corev1.Secret, error)                    // from the cache
	Live     func(ctx context.Context) (*corev1.Secret, error) // past it; nil = absent
	Rendered bool
	Keys     [2]string                 // of user and password, where they are none of the mirror's; empty = they are
	Aside    func(*corev1.Secret) bool // it has gone back to phase 1, and will return; nil = never
}

// turn is what a run knows of the rotation.
type turn struct {
	state   rotation.State
	version string         // of the state Secret
	unsaved bool           // the state is a belief that a login has to confirm
	main    *redact.Secret // what the account's password certainly is
	refused int64          // the generation whose login was refused
	told    int64          // the highest generation that a consumer was told
	others  int            // app passwords that are not ours
	blind   bool           // some consumer could not be asked
	wait    time.Duration
}

// begin reads the state. Where there is none, what the mirrors hold is taken over
// if it logs in, else the SOURCE is what everybody is to use.
func (r *Relay) begin(ctx context.Context, run *run) error {
	if r.Rotation == nil {
		return nil
	}
	text, version, err := r.Rotation.Store.Load(ctx)
	if err != nil {
		return err
	}
	state, err := rotation.DecodeState(text)
	if err != nil {
		return &watcher.HoldError{Why: ReasonStateInvalid, Text: "the secret " + r.Rotation.Store.Namespace + "/" + r.Rotation.Store.Name + ": " + err.Error()}
	}
	run.turn = turn{state: state, version: version}
	run.expect()
	return nil
}

// expect derives what the account's password should be.
func (r *run) expect() {
	if g := r.turn.state.Password(r.credentials.User); g != nil {
		r.desired.Password = g.Password
	}
}

// current is the credential that is proven and mirrored.
func (r *run) current() redact.Secret {
	if g := r.turn.state.Now(); g != nil {
		return g.Password
	}
	return r.credentials.Password
}

// turn takes the steps that are due. Each reads the app passwords anew, which is all
// that a step changes and that can be read.
func (r *Relay) turn(ctx context.Context, s stalwart.Directory, result *watcher.Result, run *run) error {
	for range maxRounds {
		changed, err := r.rotate(ctx, s, result, run)
		if !changed || err != nil {
			return err
		}
	}
	return errNoEnd
}

// rotate takes one step. The account is there when it is called.
func (r *Relay) rotate(ctx context.Context, s stalwart.Directory, result *watcher.Result, run *run) (changed bool, err error) {
	if r.Rotation == nil || r.DryRun {
		return false, nil
	}
	apps, err := r.Rotation.listed(ctx, s, r.Submission, run)
	if err != nil {
		return false, err
	}
	if r.Rotation.Told != nil {
		told, all := r.Rotation.Told(ctx)
		run.turn.told, run.turn.blind = told, !all
	}
	desired := r.Rotation.desired(r.Submission, run)
	if len(run.turn.state.Generations) == 0 {
		if err := r.adopt(ctx, run, apps, desired); err != nil {
			return false, err
		}
	}
	step := rotation.Next(r.Rotation.observed(run, apps, cached), desired, time.Now())
	if step.Kind == rotation.Rest {
		run.turn.wait = step.Wait
		if step.Why != "" && run.obstacle == nil {
			run.obstacle = &watcher.HoldError{Why: ReasonAppPasswordQuota, Text: step.Why, After: quotaPause}
		}
		return false, nil
	}
	if ended := step.Ends(run.turn.state); ended != nil {
		sure, err := r.sure(ctx, run, apps, desired, step, *ended)
		if !sure || err != nil {
			return false, err
		}
	}
	change, err := r.step(ctx, s, run, step)
	if err == nil && change.Reason != "" {
		change.Action, change.Writes = string(step.Kind), 1
		result.Changes = append(result.Changes, change)
	}
	run.expect()
	return true, err
}

// apps are all app passwords of the account: as they were observed, or read anew
// after a step.
func (r *run) apps(ctx context.Context, s stalwart.Directory) ([]stalwart.AppPassword, error) {
	if r.fresh {
		r.fresh = false
		return r.observed.Account.AppPasswords, nil
	}
	return s.AppPasswords(ctx, r.observed.Account)
}

// listed are the app passwords of ours.
func (o *Rotation) listed(ctx context.Context, s stalwart.Directory, submission string, run *run) ([]rotation.Listed, error) {
	all, err := run.apps(ctx, s)
	if err != nil {
		return nil, err
	}
	seen := map[string]time.Time{}
	var ours []rotation.Listed
	for _, p := range all {
		number, ok := strings.CutPrefix(p.Name, rotation.NamePrefix(submission))
		if _, err := strconv.ParseUint(number, 10, 63); !ok || err != nil {
			continue
		}
		since, known := o.seen[p.ID]
		if !known {
			since = time.Now()
		}
		seen[p.ID] = since
		ours = append(ours, rotation.Listed{ID: p.ID, Name: p.Name, Expires: p.ExpiresAt, Known: time.Since(since)})
	}
	o.seen = seen
	run.turn.others = len(all) - len(ours)
	return ours, nil
}

// cached reads a copy from its cache.
func cached(c Copy) (*corev1.Secret, error) { return c.Read() }

func (o *Rotation) observed(run *run, apps []rotation.Listed, read func(Copy) (*corev1.Secret, error)) rotation.Observed {
	seen := rotation.Observed{State: run.turn.state, Chosen: run.observed.Generation == stalwart.Gen015, Account: run.observed.Account.ID, Apps: apps,
		Holding: map[int64]bool{}, Mirrored: map[int64]bool{}, Running: o.Running(), Password: run.turn.main, Refused: run.turn.refused, Told: run.turn.told, Blind: run.turn.blind, Others: run.turn.others}
	for _, c := range o.Copies {
		secret, err := read(c)
		for _, g := range run.turn.state.Generations {
			if err != nil || secret != nil && g.Password.In(secret.Data) { // what cannot be looked at may hold anything
				seen.Holding[g.Number] = true
				seen.Mirrored[g.Number] = seen.Mirrored[g.Number] || !c.Rendered
			}
			if err == nil && c.Aside != nil && c.Aside(secret) && g.Left.IsZero() { // it stands for what it held: nothing begins to leave for that
				seen.Holding[g.Number] = true
			}
		}
	}
	return seen
}

func (o *Rotation) desired(submission string, run *run) rotation.Desired {
	return rotation.Desired{Submission: submission, User: run.credentials.User, Source: run.credentials.Password, Fresh: rotation.Password(),
		Issued: o.Issued, Overlap: o.Overlap, Every: o.Every, Lifetime: o.Lifetime, Window: o.Window, Request: request(run.source, o.Issued)}
}

// account is the one that a generation belongs to: the user may have changed.
func account(run *run, g rotation.Generation) *stalwart.Account {
	a := *run.observed.Account
	a.ID = cmp.Or(g.Account, a.ID)
	return &a
}
