package stalwartsync

import (
	"context"
	"errors"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/rotation"
)

// adopt begins where there is no state. A mirror whose bytes differ from the
// SOURCE and still log in has consumers that must not be refused; app passwords of
// ours may have some too. Nobody may be about to mirror other bytes meanwhile.
func (r *Relay) adopt(ctx context.Context, run *run, apps []rotation.Listed, desired rotation.Desired) error {
	if last := r.Ledger.Latest(r.Submission); !last.At.IsZero() && !r.Ledger.Retract(r.Submission, last.Mirrored().Password) {
		return errors.New("there is no state, and a mirror is just being written")
	}
	g := rotation.Generation{Account: run.observed.Account.ID, User: run.credentials.User, Password: run.credentials.Password, Created: time.Now()}
	for _, held := range r.Rotation.held(run.credentials.User) {
		if held.Equal(run.credentials.Password) || run.turn.main != nil {
			continue
		}
		accepted, err := r.accepts(ctx, run, held)
		if err != nil {
			return err
		}
		if accepted {
			g.Password = held
			if len(apps) == 0 { // else it may be one of those
				run.turn.main = &held
			}
			break
		}
	}
	run.turn.state = rotation.Adopt(run.turn.state, g, r.Rotation.observed(run, apps, cached), desired)
	run.turn.unsaved = true
	run.expect()
	return nil
}

// held are the passwords that the mirrors hold for a user.
func (o *Rotation) held(user string) []redact.Secret {
	var all []redact.Secret
	for _, c := range o.Copies {
		m, err := c.Read()
		if err != nil || m == nil {
			continue
		}
		for _, keys := range [][2]string{c.Keys, {"smtp-user", "smtp-pass"}, {"SMTP_USER", "SMTP_PASS"}, {"user", "password"}} {
			if string(m.Data[keys[0]]) == user && len(m.Data[keys[1]]) > 0 {
				all = append(all, redact.New(string(m.Data[keys[1]])))
				break
			}
		}
	}
	return all
}
