package apikey

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/watcher"
)

// AnnotationAdmin is the annotation of Stalwart's pod template whose change restarts
// it for the administrator's password. The value names a version of his Secret, so
// each version is one restart at most.
const AnnotationAdmin = "smtp-mirror.openova.io/admin-secret"

// administrator says whether his password is accepted, nil where it is. One that was
// accepted once is not asked for again.
func (k *Keeper) administrator(ctx context.Context, result *watcher.Result) error {
	admin, err := k.Ring.Admin()
	if err != nil || k.accepted.User == admin.User && k.accepted.Password.Equal(admin.Password) {
		return err
	}
	err = k.Fleet.Check(ctx, admin)
	if err == nil {
		k.accepted = admin
		return nil
	}
	var rejected *stalwart.RejectedError
	if !errors.As(err, &rejected) {
		return err
	}
	return k.restart(ctx, result, rejected)
}

// restart asks for the restart with which Stalwart reads the password, where that is
// allowed.
func (k *Keeper) restart(ctx context.Context, result *watcher.Result, rejected *stalwart.RejectedError) error {
	hold := &watcher.HoldError{Why: ReasonAdminNotAccepted, After: rejected.After, Text: fmt.Sprintf("Stalwart does not accept the password of the administrator %q: it reads it only when it starts; restart it", rejected.User)}
	secret, err := k.AdminSecret()
	if k.Restarter == nil || k.DryRun || err != nil || secret == nil {
		return hold
	}
	seen, err := k.Restarter.Read(ctx)
	if err != nil {
		return watcher.HoldForbidden(err)
	}
	version := string(secret.UID) + "/" + secret.ResourceVersion
	switch {
	case !seen.Complete:
		hold.Text, hold.After = "Stalwart is restarting, and reads the administrator's password then", time.Second
	case seen.Annotations[AnnotationAdmin] == version:
		hold.Text = fmt.Sprintf("Stalwart was restarted, and still does not accept the password of the administrator %q", rejected.User)
	default:
		if err := k.Restarter.Annotate(ctx, AnnotationAdmin, version); err != nil {
			return watcher.HoldForbidden(err)
		}
		result.Changes = append(result.Changes, k.change(ChangedAdminRestart, "Restart", "asked for a restart of Stalwart, to read the administrator's password"))
		hold.After = time.Second
	}
	return hold
}
