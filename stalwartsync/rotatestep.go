package stalwartsync

import (
	"context"
	"fmt"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/rotation"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/watcher"
)

// quotaPause is how often room for a new app password is looked for: nothing says
// when somebody else's goes.
const quotaPause = 30 * time.Second

// step carries out one step, its writes in the order that the kind has: after a
// crash between them the next one is decided from what is there.
func (r *Relay) step(ctx context.Context, s stalwart.Directory, run *run, step rotation.Step) (watcher.Change, error) {
	var change watcher.Change
	var err error
	switch step.Kind {
	case rotation.SetMain:
		change = watcher.Change{Reason: ChangedPassword, Message: "SetPassword of " + step.Generation.User + ": " + step.Why}
		if err = s.SetPassword(ctx, account(run, step.Generation), step.Generation.Password); err == nil {
			run.turn.main, r.staleAll = &step.Generation.Password, true
		}
	case rotation.Mint:
		change = watcher.Change{Reason: ChangedCredentialAdded, Message: fmt.Sprintf("generation %d: %s", step.Generation.Number, step.Why)}
		err = r.mint(ctx, s, run, &step)
	case rotation.Destroy:
		change = watcher.Change{Reason: ChangedCredentialEnded, Message: step.App.Name + ": " + step.Why}
		err = s.DestroyAppPassword(ctx, account(run, step.Generation), stalwart.AppPassword{ID: step.App.ID, Name: step.App.Name})
	case rotation.Restore:
		change = watcher.Change{Reason: ChangedCredentialAdded, Message: step.Why}
		return change, r.addApp(ctx, s, run, step.Generation)
	}
	if err != nil {
		return change, err
	}
	if err := r.save(ctx, run, step.State); err != nil {
		return change, err
	}
	if step.Kind == rotation.Add {
		change = watcher.Change{Reason: ChangedCredentialAdded, Message: fmt.Sprintf("generation %d: %s", step.Generation.Number, step.Why)}
		err = r.addApp(ctx, s, run, step.Generation)
	}
	return change, err
}

// mint makes an app password and fills in what only its answer tells.
func (r *Relay) mint(ctx context.Context, s stalwart.Directory, run *run, step *rotation.Step) error {
	made, secret, err := s.CreateAppPassword(ctx, run.observed.Account, stalwart.NewAppPassword{Name: step.Generation.Name, Permissions: run.desired.Permissions,
		ExpiresAt: step.Generation.Expires, AllowedIPs: r.Rotation.AllowedIPs})
	if err != nil {
		return err
	}
	step.State = step.State.Minted(step.Generation.Number, made.ID, secret)
	return nil
}

// addApp adds an app password whose bytes are known.
func (r *Relay) addApp(ctx context.Context, s stalwart.Directory, run *run, g rotation.Generation) error {
	_, _, err := s.CreateAppPassword(ctx, account(run, g), stalwart.NewAppPassword{Name: g.Name, Secret: g.Password, Permissions: run.desired.Permissions})
	return err
}

// save writes the state where it has changed.
func (r *Relay) save(ctx context.Context, run *run, state rotation.State) error {
	if string(state.Encode()) == string(run.turn.state.Encode()) && !run.turn.unsaved {
		return nil
	}
	version, err := r.Rotation.Store.Save(ctx, state.Encode(), run.turn.version)
	if err != nil {
		return err
	}
	run.turn.state, run.turn.version, run.turn.unsaved = state, version, false
	return nil
}

// confirm writes down a belief that a login has confirmed.
func (r *Relay) confirm(ctx context.Context, run *run) error {
	if r.Rotation == nil || r.DryRun || !run.turn.unsaved {
		return nil
	}
	return r.save(ctx, run, run.turn.state)
}

// accepts tries a credential that is not the SOURCE's, through the gate.
func (r *Relay) accepts(ctx context.Context, run *run, password redact.Secret) (bool, error) {
	probe, _, err := r.login(ctx, run, password)
	return probe.Verdict == smtpprobe.Accepted || probe.Verdict == smtpprobe.SenderRefused, err
}
