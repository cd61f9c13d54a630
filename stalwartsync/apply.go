package stalwartsync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/watcher"
)

// observe reads everything that the plan compares. On 0.15 the settings are only
// checked: what the administrator has read of them is good until the next restart.
func (r *Relay) observe(ctx context.Context, s stalwart.Directory, d Desired) (o Observed, err error) {
	read := r.file != nil && s.Generation() == stalwart.Gen015
	scope := stalwart.Scope{Login: d.Login, Settings: !read, AllowedIPs: len(d.AllowedIPs) > 0, Webhooks: d.Webhook != nil}
	if o, err = s.Survey(ctx, scope); err != nil {
		return o, err
	}
	if o.Hidden {
		r.file = r.revealed(ctx, scope)
		read = r.file != nil
	}
	if read {
		o.Defaults, o.Listeners, o.Hidden = r.file.Defaults, r.file.Listeners, false
	}
	return o, nil
}

// revealed asks the administrator once for what an API key of 0.15 may not read; nil
// while it stays unknown.
func (r *Relay) revealed(ctx context.Context, scope stalwart.Scope) *stalwart.Survey {
	if r.Admin == nil {
		return nil
	}
	directory, err := r.Admin(ctx)
	if err != nil {
		return nil
	}
	seen, err := directory.Survey(ctx, scope)
	if err != nil || seen.Hidden {
		return nil
	}
	return &seen
}

// write carries out one operation.
func write(ctx context.Context, s stalwart.Directory, o Observed, d Desired, op Op) error {
	switch op.Kind {
	case CreateDomain:
		return s.CreateDomain(ctx, d.Domain, d.OwnKeys)
	case SetDefaults:
		return s.SetDefaults(ctx, op.Defaults)
	case BindListener:
		return s.Bind(ctx, op.Listener)
	case CreateAccount:
		// The other addresses follow one by one, so that a refusal names the right one.
		return s.CreateAccount(ctx, stalwart.NewAccount{Login: d.Login, Addresses: ownAddress(o.Generation, d), Permissions: d.Permissions, Password: d.Password})
	case GrantAddress:
		return s.GrantAddress(ctx, o.Account, op.Address)
	case GrantPermissions:
		return s.GrantPermissions(ctx, o.Account, op.Permissions)
	case SetPassword:
		return s.SetPassword(ctx, o.Account, d.Password)
	case AllowIP:
		return s.AllowIP(ctx, op.Address)
	case AddWebhook:
		return s.AddWebhook(ctx, *d.Webhook)
	case RekeyWebhook:
		return s.RekeyWebhook(ctx, op.ID, *d.Webhook)
	case DropCaches:
		return s.ForgetAll(ctx)
	}
	return fmt.Errorf("the operation %s is unknown", op.Kind)
}

// ownAddress is the login itself where it is an address to send from; 0.16 gives
// it to every account by itself.
func ownAddress(g stalwart.Generation, d Desired) []string {
	if g == stalwart.Gen015 && slices.Contains(d.Addresses, d.Login.User) {
		return []string{d.Login.User}
	}
	return nil
}

// changed is the Event of a write.
func changed(op Op) watcher.Change {
	reasons := map[Kind]string{
		CreateDomain: ChangedDomain, SetDefaults: ChangedDefaults, BindListener: ChangedListener, CreateAccount: ChangedAccount,
		GrantAddress: ChangedAddress, GrantPermissions: ChangedPermissions, SetPassword: ChangedPassword,
		AllowIP: ChangedAllowedIP, AddWebhook: ChangedWebhook, RekeyWebhook: ChangedWebhookKey, DropCaches: ChangedCaches,
	}
	return watcher.Change{Reason: reasons[op.Kind], Action: string(op.Kind), Message: op.String(), Writes: 1}
}

// apply carries out a plan in its order. A further address that cannot be granted
// does not stop the others, and what the mail path does not need does not stop it;
// any other failure does. What was done is settled in every case, so that nothing is
// left half done.
func (r *Relay) apply(ctx context.Context, s stalwart.Directory, run *run, ops []Op) ([]watcher.Change, error) {
	var changes []watcher.Change
	var done []Op
	if r.lost(run, ops) {
		r.Ledger.Revoke(r.Submission) // it may be of a credential that is gone
		changes = append(changes, watcher.Change{Reason: ChangedAccountLost, Action: "Recreate", Warning: true,
			Message: "Stalwart knows nothing of " + run.desired.Login.User + " any more, which has logged in before: its data is lost or replaced, or somebody has deleted it; everything is made again"})
	}
	var failure error
	for _, op := range ops {
		err := write(ctx, s, run.observed, run.desired, op)
		switch {
		case err == nil || errors.Is(err, stalwart.ErrExists):
			if err == nil { // else somebody was faster: no change of ours
				changes = append(changes, changed(op))
			}
			done = append(done, op)
			r.after(op, run)
			continue
		case op.Kind == GrantAddress && !strings.EqualFold(op.Address, run.credentials.From) && (isOwned(err) || isFinal(err)):
			run.blocked, run.skipped = append(run.blocked, op.Address), append(run.skipped, op.String())
			run.obstacle = errors.Join(run.obstacle, err)
			continue
		case op.Optional() && isFinal(err):
			r.optional = errors.Join(r.optional, err)
			run.skipped = append(run.skipped, op.String())
			continue
		}
		failure = err
		break
	}
	return changes, errors.Join(failure, r.settle(ctx, s, done))
}

// lost reports whether an account has to be made that was there before.
func (r *Relay) lost(run *run, ops []Op) bool {
	creates := slices.ContainsFunc(ops, func(op Op) bool { return op.Kind == CreateAccount })
	known := r.Ledger.Latest(r.Submission)
	return creates && (known.Credentials.User == run.credentials.User || run.turn.state.Password(run.credentials.User) != nil)
}

func isOwned(err error) bool {
	var owned *stalwart.OwnedError
	return errors.As(err, &owned)
}

// isFinal reports whether asking again would give the same answer.
func isFinal(err error) bool {
	var refused *stalwart.RefusedError
	var forbidden *stalwart.ForbiddenError
	return errors.As(err, &refused) || errors.As(err, &forbidden)
}

// after remembers what a write makes necessary.
func (r *Relay) after(op Op, run *run) {
	o, d := run.observed, run.desired
	switch op.Kind {
	case CreateDomain, CreateAccount, GrantAddress, GrantPermissions, SetPassword, DropCaches:
		r.staleAll = true
	case AllowIP, AddWebhook, RekeyWebhook, SetDefaults:
		r.reloadDue = true
	}
	r.bound = r.bound || op.Kind == BindListener
	if op.Kind == SetPassword || op.Kind == CreateAccount {
		// Whoever set the default domain may have left the reload to us.
		r.reloadDue = r.reloadDue || completed(o, d)
		r.tried, run.turn.main = &d.Password, &d.Password
		r.Gate.Retry(stalwart.Credential{User: d.Login.User, Password: d.Password})
	}
}

// settle makes writes effective: names that were asked for before they existed
// are remembered as absent, and settings wait for a reload.
func (r *Relay) settle(ctx context.Context, s stalwart.Directory, ops []Op) error {
	// A password is set after a 535, which may have been a remembered absence: a
	// process that was killed between a create and this never came here.
	creates := slices.ContainsFunc(ops, func(op Op) bool {
		return op.Kind == CreateDomain || op.Kind == CreateAccount || op.Kind == GrantAddress || op.Kind == SetPassword
	})
	if creates {
		if err := r.tolerate(s.ForgetUnknown(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// tolerate keeps a failed reload for the report instead of failing: the login
// does not depend on it, and its cause is a setting that is not ours.
func (r *Relay) tolerate(err error) error {
	var reload *stalwart.ReloadError
	if errors.As(err, &reload) {
		r.reloadDue, r.reloadFailure = true, reload
		return nil
	}
	return err
}

// reload makes settings effective that still wait for it, in every Pod where
// there are several.
func (r *Relay) reload(ctx context.Context, s stalwart.Directory) error {
	if !r.reloadDue {
		return nil
	}
	r.reloadFailure = nil
	err := s.Reload(ctx)
	if pods := r.Pods(); len(pods) > 1 {
		for _, p := range pods {
			err = errors.Join(err, r.reloadPod(ctx, p))
		}
	}
	if err == nil {
		r.reloadDue = false
	}
	return r.tolerate(err)
}
