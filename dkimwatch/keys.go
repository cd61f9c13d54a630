package dkimwatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/dkimkeys"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/statesecret"
	"github.com/openova-io/smtp-mirror/watcher"
)

// Keys takes our keys through their lives. Its exported fields are set once; the
// loop never runs it twice at once.
type Keys struct {
	Domain  string
	Ref     corev1.ObjectReference // of the ConfigMap, for Events
	Store   *statesecret.Store     // of [dkimkeys.KeyState]
	Fleet   *stalwart.Fleet
	Admin   func(ctx context.Context) (stalwart.Directory, error) // as the administrator, for 0.15; nil = Fleet is
	Pods    func() []watcher.Incarnation
	Desired func() (dkimkeys.Desired, error)
	Private func(selector string) (redact.Secret, error) // of a mounted key
	Sight   func(dkimkeys.Listed) dkimkeys.Sight
	Taken   func() []string                                  // selectors that are recorded
	Send    func(ctx context.Context, selector string) error // a mail, for a new key's first use; nil = no proof is wanted
	Backup  bool
	DryRun  bool
}

// maxSteps bounds the steps of one run: a lost volume takes two for each key.
const maxSteps = 40

// Reconcile takes the steps that are due.
func (k *Keys) Reconcile(ctx context.Context) (watcher.Result, error) {
	result := watcher.Result{Outcome: watcher.Converged, Regarding: k.Ref}
	desired, err := k.Desired()
	if err != nil {
		return result, err
	}
	directory, generation, err := k.directory(ctx)
	for i := 0; err == nil && i < maxSteps; i++ {
		var done bool
		done, err = k.step(ctx, directory, desired, &result)
		if done {
			return result, nil
		}
	}
	if notPermitted(err) && generation == stalwart.Gen015 {
		result.Reason, result.Message = ReasonNoStages, "writing DKIM keys of Stalwart 0.15 takes the administrator's rights over all settings, and he is not accepted: dkim.manage stays at observe"
		return result, nil
	}
	if err != nil {
		return result, err
	}
	return result, errors.New("no end of steps with DKIM keys")
}

// notPermitted reports whether the credential is no good, or not good enough.
func notPermitted(err error) bool {
	var rejected *stalwart.RejectedError
	var forbidden *stalwart.ForbiddenError
	return errors.As(err, &rejected) || errors.As(err, &forbidden)
}

// look reads the state and what Stalwart has.
func (k *Keys) look(ctx context.Context, s stalwart.Directory) (dkimkeys.Observed, *stalwart.Domain, string, error) {
	text, version, err := k.Store.Load(ctx)
	if err != nil {
		return dkimkeys.Observed{}, nil, "", err
	}
	state, err := dkimkeys.DecodeState(text)
	if err != nil {
		return dkimkeys.Observed{}, nil, "", &watcher.HoldError{Why: ReasonDKIMStateInvalid, Text: "the secret " + k.Store.Namespace + "/" + k.Store.Name + ": " + err.Error()}
	}
	o := dkimkeys.Observed{State: state, Sights: map[string]dkimkeys.Sight{}, Taken: k.Taken()}
	domain, err := s.Domain(ctx, k.Domain)
	if err == nil && domain == nil {
		err = &watcher.HoldError{Why: ReasonDomainMissing, Text: "Stalwart does not serve " + k.Domain + " yet", After: 5 * time.Second, Grace: keysGrace}
	}
	if err != nil {
		return o, nil, "", err
	}
	all, err := s.DKIMKeys(ctx, *domain)
	if err != nil {
		return o, domain, version, err
	}
	signers, err := s.Signers(ctx, *domain)
	o.Listed = staged(listed(all), signers, state, domain.Name)
	for _, own := range state.Keys { // by our bytes: a selector may be somebody else's too
		o.Sights[own.Selector] = k.Sight(dkimkeys.Listed{Selector: own.Selector, Algorithm: own.Algorithm, PublicKey: own.PublicKey})
	}
	return o, domain, version, err
}

// step reads everything anew and takes one step.
func (k *Keys) step(ctx context.Context, s stalwart.Directory, desired dkimkeys.Desired, result *watcher.Result) (done bool, err error) {
	o, domain, version, err := k.look(ctx, s)
	if err != nil {
		return false, err
	}
	step := dkimkeys.Next(o, desired, time.Now())
	if step.Kind == dkimkeys.Rest {
		result.After = step.Wait
		return true, nil
	}
	if k.DryRun {
		result.Reason, result.Message = ReasonWouldWrite, fmt.Sprintf("would %s the key %s: %s", step.Kind, step.Key.Selector, step.Why)
		return true, nil
	}
	if err := k.carryOut(ctx, s, *domain, version, step); err != nil {
		return false, err
	}
	result.Changes = append(result.Changes, k.change(step))
	return false, nil
}

// carryOut does the writes of a step in their order: after a crash between them the
// next one is decided from what is there.
func (k *Keys) carryOut(ctx context.Context, s stalwart.Directory, domain stalwart.Domain, version string, step dkimkeys.Step) error {
	switch step.Kind {
	case dkimkeys.Move:
		err := s.MoveDKIMKey(ctx, step.Key.ID, string(step.To))
		if err != nil || s.Generation() == stalwart.Gen016 || step.To == dkimkeys.Active {
			return err // what has become of it is read back
		}
		if step.Key.Stage == step.To {
			return &stalwart.ForeignSignerError{ID: step.Key.ID, Selector: step.Key.Selector} // somebody has put it back
		}
		key := step.Key // 0.15 does not know this stage
		key.Stage, key.Since = step.To, time.Now()
		return k.save(ctx, step.State.With(key), version)
	case dkimkeys.Make, dkimkeys.Import, dkimkeys.Restore:
		return k.bring(ctx, s, domain, version, step)
	case dkimkeys.Settle:
		if err := k.settle(ctx, s); err != nil {
			return err
		}
	case dkimkeys.Prove:
		if err := k.Send(ctx, step.Key.Selector); err != nil {
			return err
		}
	case dkimkeys.Destroy:
		if err := s.DestroyDKIMKey(ctx, step.Key.ID); err != nil {
			return err
		}
	}
	return k.save(ctx, step.State, version)
}

func (k *Keys) save(ctx context.Context, state dkimkeys.State, version string) error {
	_, err := k.Store.Save(ctx, state.Encode(), version)
	return err
}

// bring writes down a key, and then creates it in Stalwart.
func (k *Keys) bring(ctx context.Context, s stalwart.Directory, domain stalwart.Domain, version string, step dkimkeys.Step) error {
	key, private := step.Key, step.Key.Private
	switch step.Kind {
	case dkimkeys.Make:
		pair, err := NewPair(key.Algorithm)
		if err != nil {
			return err
		}
		key.PublicKey, private = pair.PublicKey, pair.Private
	case dkimkeys.Import:
		var err error
		if private, err = k.Private(key.Selector); err != nil {
			return err
		}
	}
	if k.Backup {
		key.Private = private
	}
	if err := k.save(ctx, step.State.With(key), version); err != nil {
		return err
	}
	return s.CreateDKIMKey(ctx, domain, stalwart.NewDKIMKey{Selector: key.Selector, Algorithm: key.Algorithm, Private: private, Stage: string(dkimkeys.Pending)})
}

// change is the Event of a step.
func (k *Keys) change(step dkimkeys.Step) watcher.Change {
	reasons := map[dkimkeys.Kind]string{dkimkeys.Make: ChangedKeyMade, dkimkeys.Import: ChangedKeyMade, dkimkeys.Restore: ChangedKeyMade, dkimkeys.Destroy: ChangedKeyEnded}
	reason := reasons[step.Kind]
	if reason == "" {
		reason = ChangedKeyMoved
	}
	message := step.Why
	if step.Kind == dkimkeys.Make {
		message = step.Key.Selector + ": " + step.Why
	}
	ref := k.Ref
	ref.FieldPath = message // the recorder folds Events of one kind about one object
	return watcher.Change{Reason: reason, Action: string(step.Kind), Message: message, Regarding: ref, Writes: 1}
}
