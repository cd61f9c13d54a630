package stalwartsync

import (
	"context"
	"net"
	"slices"
	"time"

	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/watcher"
)

// trouble names what stands in the way, and asks for the restart that a new
// listener needs where that is allowed.
func (r *Relay) trouble(ctx context.Context, result *watcher.Result, probe smtpprobe.Result, wait time.Duration, run *run) error {
	listening := r.listening(ctx, probe, run)
	if listening {
		r.silent = time.Time{}
	} else if r.silent.IsZero() {
		r.silent = time.Now()
	}
	t := Diagnose(probe, run.observed, run.desired, listening || time.Since(r.silent) < silentGrace && !r.bound)
	t.Wait = max(t.Wait, wait)
	if f := r.reloadFailure; f != nil && probe.Verdict == smtpprobe.PasswordRefused && completed(run.observed, run.desired) {
		t.Reason = stalwart.ReasonReloadFailed
		t.Message = f.Error() + "; until it can, or restarts, it may not know the default domain of the bare smtp-user " + run.desired.Login.User
	}
	if t.Reason == ReasonListenerNeedsRestart && r.Restarter != nil && !r.DryRun {
		var err error
		t, err = r.restart(ctx, result, t, *Serving(run.observed, run.desired))
		if err != nil {
			return err
		}
	}
	if t.Retry {
		return &probeError{t: t, address: missing(probe)}
	}
	return &watcher.HoldError{Why: t.Reason, Text: t.Message, After: t.Wait, Address: missing(probe)}
}

// silentGrace is how long a listener that we did not just make may be silent before
// it counts as never bound: around an ordinary restart SMTP and HTTP do not open and
// close in the same instant.
const silentGrace = 3 * time.Second

// missing is the address to knock at, where nothing answers.
func missing(probe smtpprobe.Result) string {
	if probe.Verdict == smtpprobe.Unreachable {
		return probe.Address
	}
	return ""
}

func (r *Relay) restart(ctx context.Context, result *watcher.Result, t Trouble, l stalwart.Listener) (Trouble, error) {
	seen, err := r.Restarter.Read(ctx)
	if err != nil {
		return t, watcher.HoldForbidden(err)
	}
	switch DecideRestart(Running{requested(seen.Annotations), seen.Complete}, restartToken(l)) {
	case RestartFailed:
		t.Reason, t.Wait = ReasonListenerStillMissing, time.Minute
		t.Message = "Stalwart was restarted for the listener " + l.Name + ", and its port is still closed"
	case RestartRequest:
		if err := r.Restarter.Annotate(ctx, AnnotationOf(r.Submission), restartToken(l)); err != nil {
			return t, watcher.HoldForbidden(err)
		}
		result.Changes = append(result.Changes, watcher.Change{Reason: ChangedRestart, Action: "Restart", Message: "asked for a restart of Stalwart, to bind the listener " + l.Name, Writes: 1})
	case RestartWait:
	}
	return t, nil
}

// listening reports whether the wanted port answers where Stalwart itself runs:
// at one of its Pods, or at the host of its management API.
func (r *Relay) listening(ctx context.Context, probe smtpprobe.Result, run *run) bool {
	if probe.Verdict != smtpprobe.Unreachable {
		return true
	}
	host, _, _ := net.SplitHostPort(r.Fleet.Address())
	hosts := []string{host}
	if pods := r.Pods(); len(pods) > 0 {
		hosts = nil
		for _, p := range pods {
			hosts = append(hosts, p.IP)
		}
	}
	return slices.ContainsFunc(hosts, func(host string) bool { // a Pod without an address yet has none; "" would be this machine
		return host != "" && watcher.Answers(ctx, net.JoinHostPort(host, port(run.desired.Listener.Binds[0])))
	})
}

// probeError is a trouble that may pass by itself.
type probeError struct {
	t       Trouble
	address string // to knock at, where nothing answers
}

func (e *probeError) Error() string  { return e.t.Message }
func (e *probeError) Reason() string { return e.t.Reason }
func (e *probeError) Knock() string  { return e.address }
