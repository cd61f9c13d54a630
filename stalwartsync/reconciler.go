package stalwartsync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/workload"
)

// Relay makes one submission true in Stalwart. Its exported fields are set once;
// the loop never runs it twice at once.
type Relay struct {
	Submission string
	SourceRef  corev1.ObjectReference // namespace and name of the SOURCE
	Source     func() (*corev1.Secret, error)
	Wish       func() (Wish, error)
	Fleet      *stalwart.Fleet
	Pods       func() []watcher.Incarnation
	Blind      func() error // why Pods may not be looked at; nil while they may
	Probe      func(ctx context.Context, r smtpprobe.Request) smtpprobe.Result
	Request    func(c submission.Credentials) (smtpprobe.Request, error) // address, names and trust of the probe
	Gate       *stalwart.Gate                                            // of the submission's own logins
	Ledger     *submission.Ledger
	Proven     func()                                                // a new credential was proven
	Admin      func(ctx context.Context) (stalwart.Directory, error) // as the administrator; nil = Fleet is
	Restarter  *workload.Workload                                    // Stalwart's own, where it may be restarted
	DryRun     bool
	Sources    corev1client.SecretInterface // of the SOURCE's namespace, where a new password may be written; else nil
	Rotation   *Rotation                    // nil = the password is set at once
	Reload     bool                         // settings may wait for a reload since before our start
	Judged     func()                       // a login was answered, and the ledger knows; nil = nobody asks

	// Returning are the DKIM keys that are being put back after a lost volume; nil = there
	// are none of ours.
	Returning func(ctx context.Context) ([]string, error)

	tried         *redact.Secret // password that was written and has not been accepted yet
	refusal       smtpprobe.Result
	refused       *redact.Secret // password that the refusal is about
	cured         Belief         // what was tried, kept until a login is accepted
	curedFor      *redact.Secret
	restarted     atomic.Bool     // Stalwart is another process: every cure may be tried again
	stale         map[string]bool // Pods, by UID, that may not have seen a write
	staleAll      bool
	reloadDue     bool
	reloadFailure *stalwart.ReloadError
	podFailure    error            // a Pod could not be told to forget
	silent        time.Time        // since when the wanted port is closed
	bound         bool             // we have made a listener that has not been seen open
	file          *stalwart.Survey // what the administrator of 0.15 has read of its settings
	replaced      time.Time        // when a refused app password was last replaced, until a login is accepted
	drops         int              // of the caches, since a login was accepted
	optional      error            // what the mail path does not need was refused
	loggedIn      *bool            // whether this run's login was accepted; nil = it came to none
	unsigned      time.Time        // since when the account waits for the keys of its domain
}

// maxRounds bounds observe-plan-apply within one run: each cure is tried once,
// and each write is followed by a read.
const maxRounds = 20

// reconcile observes, writes the difference, reads back, and logs in.
func (r *Relay) reconcile(ctx context.Context) (watcher.Result, error) {
	result := watcher.Result{Outcome: watcher.Converged, Regarding: r.SourceRef}
	source, err := r.Source()
	if err != nil {
		return result, err
	}
	if source == nil {
		return result, &submission.MissingError{Namespace: r.SourceRef.Namespace, Name: r.SourceRef.Name}
	}
	result.Regarding.UID, result.Regarding.ResourceVersion = source.UID, source.ResourceVersion
	wish, problem := r.Wish()
	r.optional = problem
	source, err = r.answer(ctx, &result, source)
	if err != nil {
		return result, err
	}
	credentials, err := submission.FromSecret(source.Data, wish.Domain)
	if err != nil {
		return result, err
	}
	err = r.converge(ctx, &result, run{source: source, wish: wish, credentials: credentials})
	if err == nil {
		err = r.unanswered(source)
	}
	for i := range result.Changes {
		// The recorder folds Events of one kind about one object: the field path
		// keeps different addresses apart.
		result.Changes[i].Regarding = result.Regarding
		result.Changes[i].Regarding.FieldPath = result.Changes[i].Message
	}
	return result, err
}

// Renew allows every cure once more: Stalwart restarted. It may be called from
// anywhere.
func (r *Relay) Renew() { r.restarted.Store(true) }

// run is what one run of converge is about.
type run struct {
	source      *corev1.Secret
	wish        Wish
	credentials submission.Credentials
	desired     Desired
	observed    Observed
	belief      Belief
	last        []Op     // carried out in the round before
	skipped     []string // writes that were refused and are not tried again in this run
	blocked     []string // addresses that cannot be granted
	obstacle    error    // why the first of them cannot, or a credential cannot be replaced
	turn        turn
	fresh       bool // observed has the app passwords as they are
	forgot      bool // the caches were dropped in this run, because a login ended without an answer
}

func (r *Relay) converge(ctx context.Context, result *watcher.Result, run run) error {
	directory, err := r.Fleet.Detect(ctx)
	if err != nil || r.restarted.Load() {
		r.silent = time.Time{} // a closed port means nothing around a restart
	}
	if err != nil {
		return err
	}
	run.desired, err = Desire(run.credentials, run.wish, directory.Generation())
	if err != nil {
		return err
	}
	if err := r.begin(ctx, &run); err != nil {
		return err
	}
	run.belief = r.belief(run.credentials, run.desired.Password)
	r.reloadDue, r.Reload = r.reloadDue || r.Reload, false
	for range maxRounds {
		done, err := r.round(ctx, directory, result, &run)
		if done || err != nil {
			return err
		}
	}
	return errNoEnd
}

// errNoEnd says that what was written changes again and again.
var errNoEnd = fmt.Errorf("no end after %d rounds of writing and reading back", maxRounds)

// belief starts from what is remembered: a password that worked and is not the
// SOURCE's any more needs no failed login to be known as stale.
func (r *Relay) belief(c submission.Credentials, password redact.Secret) Belief {
	last := r.Ledger.Latest(r.Submission)
	restarted := r.restarted.Swap(false)
	if restarted {
		r.file = nil
	}
	if restarted || r.curedFor == nil || !r.curedFor.Equal(password) {
		r.cured, r.curedFor = Belief{}, &password
	}
	return Belief{
		RightsTried: r.cured.RightsTried, CachesTried: r.cured.CachesTried,
		PasswordStale: r.Rotation == nil && !last.At.IsZero() && last.Credentials.User == c.User && !last.Credentials.Password.Equal(c.Password),
		PasswordTried: r.tried != nil && r.tried.Equal(password),
	}
}

// round reads, and either writes or logs in.
func (r *Relay) round(ctx context.Context, s stalwart.Directory, result *watcher.Result, run *run) (done bool, err error) {
	run.observed, err = r.observe(ctx, s, run.desired)
	if err != nil {
		return false, err
	}
	run.fresh = true
	if t := Obstacle(run.observed, run.desired); t != nil {
		return false, &watcher.HoldError{Why: t.Reason, Text: t.Message, After: t.Wait}
	}
	ops := r.plan(run)
	if lost := repeated(run.last, ops); lost != "" {
		return false, &lostError{lost}
	}
	if len(ops) > 0 && r.DryRun {
		return true, r.would(ctx, s, result, ops, run)
	}
	if len(ops) > 0 {
		ops, wait := r.signed(ctx, ops)
		changes, err := r.apply(ctx, s, run, ops)
		err = errors.Join(err, wait)
		result.Changes = append(result.Changes, changes...)
		run.last, run.belief = ops, run.belief.Tried(ops)
		r.cured = run.belief
		return false, err
	}
	run.last = nil
	if err := r.turn(ctx, s, result, run); err != nil {
		return false, err
	}
	if !r.DryRun {
		r.podFailure = r.dropStale(ctx)
		err = r.reload(ctx, s)
	}
	if err != nil {
		return false, err
	}
	return r.prove(ctx, s, result, run)
}

// plan is the plan without what was refused in this run and is not needed.
func (r *Relay) plan(run *run) []Op {
	return slices.DeleteFunc(Plan(run.observed, run.desired, run.belief), func(op Op) bool { return slices.Contains(run.skipped, op.String()) })
}

// repeated names a write that was carried out, answered with success, and is
// not there.
func repeated(last, ops []Op) string {
	for _, op := range ops {
		if slices.ContainsFunc(last, func(o Op) bool { return o.String() == op.String() }) {
			return op.String()
		}
	}
	return ""
}

// lostError says that Stalwart answered a write with success and has not stored
// it.
type lostError struct{ what string }

func (e *lostError) Error() string  { return "Stalwart confirmed " + e.what + ", but it is not there" }
func (e *lostError) Reason() string { return stalwart.ReasonWriteLost }
