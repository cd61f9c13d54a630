package apikey

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/statesecret"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/workload"
)

// unusablePause is how often a key that cannot be used from here is tried again.
const unusablePause = 10 * time.Minute

// domainGrace is how long it may take until the relay has made the domain.
const domainGrace = 20 * time.Second

// Keeper keeps the key. Its exported fields are set once; the loop never runs it
// twice at once.
type Keeper struct {
	Store       *statesecret.Store // of [KeyDocument]
	Login       stalwart.Login     // the account that owns the keys on 0.16
	Desired     Desired
	Fleet       *stalwart.Fleet
	Ring        *Keyring
	AdminRef    corev1.ObjectReference
	AdminSecret func() (*corev1.Secret, error)
	Restarter   *workload.Workload // Stalwart's own, where it may be restarted
	DryRun      bool

	seen     map[string]time.Time // keys that are listed, since when
	accepted stalwart.Credential  // of the administrator, that was accepted
}

// Reconcile looks at the administrator's password, and mints, renews or ends a key.
func (k *Keeper) Reconcile(ctx context.Context) (watcher.Result, error) {
	result := watcher.Result{Outcome: watcher.Converged, Regarding: k.AdminRef}
	directory, err := k.Fleet.Detect(ctx)
	if err != nil {
		return result, err
	}
	rejected := k.administrator(ctx, &result)
	for range 2 * quota {
		done, err := k.round(ctx, directory, &result, rejected)
		var refused *stalwart.RejectedError
		if rejected != nil && errors.As(err, &refused) {
			return result, rejected // it says more
		}
		if err != nil {
			return result, err
		}
		if done {
			return result, rejected
		}
	}
	return result, errors.New("no end of API keys to destroy")
}

// round takes one step. What needs the administrator waits for him.
func (k *Keeper) round(ctx context.Context, directory stalwart.Directory, result *watcher.Result, rejected error) (done bool, err error) {
	text, version, err := k.Store.Load(ctx)
	if err != nil {
		return false, err
	}
	kept, err := Decode(text)
	if err != nil {
		return false, &watcher.HoldError{Why: ReasonAPIKeyInvalid, Text: "the secret " + k.Store.Namespace + "/" + k.Store.Name + ": " + err.Error() + "; delete it, and another key is minted"}
	}
	listed, err := k.listed(ctx, directory)
	if err != nil {
		return false, err
	}
	o := Observed{Generation: directory.Generation(), Kept: kept, Refused: kept != nil && k.Ring.Refused(*kept), Listed: listed}
	step := Decide(o, k.Desired, time.Now())
	switch {
	case step.Action == Keep:
		result.After = max(step.Wait, time.Second)
		return true, nil
	case k.DryRun:
		result.Reason, result.Message = ReasonWouldMint, "would make or end an API key: "+step.Why
		return true, nil
	case step.Action == Destroy:
		result.Changes = append(result.Changes, k.change(ChangedAPIKeyEnded, step.Action, step.Key.Name+": "+step.Why))
		return false, directory.DestroyAPIKey(ctx, k.Login, step.Key)
	case step.Action == Mint && rejected != nil:
		return false, rejected
	case step.Action == Mint:
		directory, err = k.Fleet.As(k.Ring.Admin).Detect(ctx)
	}
	if err != nil {
		return false, err
	}
	return false, k.mint(ctx, directory, result, step, version)
}

// mint makes a key, proves it by a request, and keeps it.
func (k *Keeper) mint(ctx context.Context, directory stalwart.Directory, result *watcher.Result, step Step, version string) error {
	if d, err := directory.Domain(ctx, k.Login.Domain); err != nil || d == nil {
		return cmp.Or[error](err, &watcher.HoldError{Why: ReasonAwaitingDomain, Text: "an API key needs an account, and that the domain " + k.Login.Domain, Grace: domainGrace})
	}
	chosen := redact.New((rand.Text() + rand.Text())[:32])
	made, secret, err := directory.CreateAPIKey(ctx, stalwart.NewAPIKey{Login: k.Login, Name: step.Name, Secret: chosen, Powers: k.Desired.Powers, AllowedIPs: k.Desired.AllowedIPs})
	if err != nil {
		return err
	}
	kept := Kept{Generation: directory.Generation(), ID: made.ID, Name: made.Name, Key: secret, Created: time.Now(), Powers: k.Desired.Powers, AllowedIPs: k.Desired.AllowedIPs}
	if err := k.Fleet.Check(ctx, kept.Credential()); err != nil {
		var forbidden *stalwart.ForbiddenError
		if errors.As(err, &forbidden) {
			err = &watcher.HoldError{Why: ReasonAPIKeyUnusable, Text: "a new API key is of no use from here: is our address among stalwart.allowedIPs?", After: unusablePause}
		}
		return errors.Join(err, directory.DestroyAPIKey(ctx, k.Login, made))
	}
	if _, err := k.Store.Save(ctx, kept.Encode(), version); err != nil {
		return errors.Join(err, directory.DestroyAPIKey(ctx, k.Login, made))
	}
	result.Changes = append(result.Changes, k.change(ChangedAPIKey, step.Action, made.Name+": "+step.Why))
	return nil
}

func (k *Keeper) change(reason string, action Action, message string) watcher.Change {
	ref := k.AdminRef
	ref.FieldPath = message // the recorder folds Events of one kind about one object
	return watcher.Change{Reason: reason, Action: string(action), Message: message, Regarding: ref, Writes: 1}
}

// listed are the keys of ours on the server.
func (k *Keeper) listed(ctx context.Context, directory stalwart.Directory) ([]Listed, error) {
	all, err := directory.APIKeys(ctx, k.Login)
	if err != nil {
		return nil, err
	}
	seen := map[string]time.Time{}
	var listed []Listed
	for _, key := range ours(all) {
		since, known := k.seen[key.ID]
		if !known {
			since = time.Now()
		}
		seen[key.ID] = since
		listed = append(listed, Listed{key, time.Since(since)})
	}
	k.seen = seen
	return listed, nil
}
