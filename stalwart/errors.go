package stalwart

import (
	"errors"
	"fmt"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// UnreachableError says that no HTTP answer came: nothing listens, the
// connection broke, or the time was up. Address is the host:port to dial for a
// sign of life.
type UnreachableError struct {
	Address string
	What    string // "connection refused", "no answer in time", ...
	Dial    bool   // no TCP connection was made: dialing tells when it is back
}

func (e *UnreachableError) Error() string { return "Stalwart at " + e.Address + ": " + e.What }

// Reason is a heading of the runbook.
func (e *UnreachableError) Reason() string { return ReasonUnreachable }

// Knock is the address to dial for a sign of life, "" where a dial succeeds and
// tells nothing: TLS, a closed connection, an answer that does not come.
func (e *UnreachableError) Knock() string {
	if e.Dial {
		return e.Address
	}
	return ""
}

// UnexpectedError says that the answer is not one that this API gives: a 5xx, a
// redirect, HTML, broken or oversized JSON.
type UnexpectedError struct {
	Request string // method and path
	What    string
}

func (e *UnexpectedError) Error() string { return e.Request + " answered " + e.What }

// Reason is a heading of the runbook.
func (e *UnexpectedError) Reason() string { return ReasonUnexpected }

// BusyError says that the server asked to come back later: a lost race between
// two writers (serverUnavailable on 0.16, 500 on 0.15), or a rate limit.
type BusyError struct{ What string }

func (e *BusyError) Error() string { return "Stalwart is busy: " + e.What }

// Reason is a heading of the runbook.
func (e *BusyError) Reason() string { return ReasonBusy }

// ErrExists says that somebody else created the same thing at the same moment.
var ErrExists = errors.New("it exists already")

// createdMeanwhile is a lost race too: the account was absent when it was looked
// for.
func createdMeanwhile(l Login) *BusyError {
	return &BusyError{"somebody else created the account " + l.User + " at the same moment"}
}

// ModeError says that the server runs, but not in normal mode: nothing can be
// set up until somebody restarts it.
type ModeError struct{ Mode Mode }

func (e *ModeError) Error() string {
	return fmt.Sprintf("Stalwart runs in %s mode: it has no SMTP listener until it is restarted in normal mode", e.Mode)
}

// Reason is a heading of the runbook.
func (e *ModeError) Reason() string {
	if e.Mode == Bootstrap {
		return ReasonBootstrapMode
	}
	return ReasonRecoveryMode
}

// Hold makes it a wait: only a restart ends it, which is looked for often.
func (e *ModeError) Hold() time.Duration { return 5 * time.Second }

// RejectedError says that the administrator's credential was refused, now or
// before; it is not offered again before After has passed.
type RejectedError struct {
	User  string
	After time.Duration
	Spent bool // not this credential's doing: too many were refused in all
}

func (e *RejectedError) Error() string {
	return fmt.Sprintf("Stalwart refuses the password of the administrator %q; it is not offered again until it changes, Stalwart restarts or an hour has passed", e.User)
}

// Reason is a heading of the runbook.
func (e *RejectedError) Reason() string { return ReasonAdminRejected }

// Hold makes it a wait: trying on would end in a ban.
func (e *RejectedError) Hold() time.Duration { return e.After }

// BannedError says that Stalwart counts us as an attacker (429 "Too Many
// Authentication Attempts", or 403 on an open connection).
type BannedError struct{}

func (e *BannedError) Error() string {
	return "Stalwart has banned our address after too many failed logins"
}

// Reason is a heading of the runbook.
func (e *BannedError) Reason() string { return ReasonBanned }

// Hold makes it a wait: every further try would count against us.
func (e *BannedError) Hold() time.Duration { return trickleEvery }

// ForbiddenError says that the administrator's account lacks a permission.
type ForbiddenError struct{ What string }

func (e *ForbiddenError) Error() string { return "Stalwart does not permit " + e.What }

// Reason is a heading of the runbook.
func (e *ForbiddenError) Reason() string { return ReasonStalwartForbids }

// Hold makes it a wait: somebody has to grant it.
func (e *ForbiddenError) Hold() time.Duration { return 15 * time.Second }

// RefusedError says that the server understood a write and refuses it.
type RefusedError struct {
	What     string   // what was asked for: "creating the account noreply"
	Type     string   // the server's word: "invalidProperties", "fieldAlreadyExists"
	Detail   string   // the server's sentence, scrubbed
	Fields   []string // the fields it names
	Password bool     // the refusal is about the password
}

func (e *RefusedError) Error() string {
	text := e.What + " is refused: " + e.Type
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// Reason is a heading of the runbook.
func (e *RefusedError) Reason() string {
	if e.Password {
		return ReasonPasswordRefused
	}
	return ReasonRefused
}

// Hold makes it a wait: the same request would get the same answer.
func (e *RefusedError) Hold() time.Duration { return 15 * time.Second }

// OwnedError says that an address cannot be granted because it is somebody
// else's.
type OwnedError struct{ Address, Owner string }

func (e *OwnedError) Error() string {
	return fmt.Sprintf("the address %s belongs to %s", e.Address, e.Owner)
}

// Reason is a heading of the runbook.
func (e *OwnedError) Reason() string { return ReasonAddressOwned }

// Hold makes it a wait: the owner has to give it up.
func (e *OwnedError) Hold() time.Duration { return 15 * time.Second }

// ForeignSignerError says that mail is signed with a key that somebody else has made,
// in a place where there can be only one (0.15).
type ForeignSignerError struct{ ID, Selector string }

func (e *ForeignSignerError) Error() string {
	return "mail is signed with the key " + e.ID + " (selector " + e.Selector + "), which smtp-mirror has not made: it stays; delete its settings to hand the signing over"
}

// Reason is a heading of the runbook.
func (e *ForeignSignerError) Reason() string { return ReasonForeignSigner }

// Hold makes it a wait: somebody has to decide.
func (e *ForeignSignerError) Hold() time.Duration { return time.Minute }

// ReloadError says that a reload failed as a whole because of one setting, which
// has nothing to do with us as a rule.
type ReloadError struct{ Blocker, Detail string }

func (e *ReloadError) Error() string {
	return fmt.Sprintf("Stalwart cannot reload its settings because of %s: %s", e.Blocker, e.Detail)
}

// Reason is a heading of the runbook.
func (e *ReloadError) Reason() string { return ReasonReloadFailed }

// Hold makes it a wait: somebody has to mend the setting.
func (e *ReloadError) Hold() time.Duration { return time.Minute }

// scrubbed takes the secrets that were sent out of a refusal's sentence.
func scrubbed(err error, secrets ...redact.Secret) error {
	var r *RefusedError
	if errors.As(err, &r) {
		r.Detail = redact.Scrub(r.Detail, secrets...)
	}
	return err
}
