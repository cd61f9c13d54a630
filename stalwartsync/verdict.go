package stalwartsync

import (
	"slices"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/watcher"
)

// Trouble is why a submission cannot relay although nothing is left to write.
type Trouble struct {
	Reason  string
	Message string
	Wait    time.Duration // look again after this time
	Retry   bool          // it is a failure that may pass by itself, not a wait
}

// completed reports whether Stalwart completes the login with its default
// domain: 0.16 does so with a bare name, once a reload has told it the domain.
func completed(o Observed, d Desired) bool {
	return o.Generation == stalwart.Gen016 && !strings.Contains(d.Login.User, "@")
}

// Obstacle finds what no write of ours can cure, before anything is written.
func Obstacle(o Observed, d Desired) *Trouble {
	if completed(o, d) && o.Defaults.Domain != "" && o.Defaults.Domain != d.Domain {
		return &Trouble{Reason: ReasonDefaultDomainDiffers, Wait: 10 * time.Second, Message: "the smtp-user " + d.Login.User +
			" is a bare name, and Stalwart completes it with its default domain " + o.Defaults.Domain + ", not with " + d.Domain}
	}
	if o.Account == nil {
		return nil
	}
	var denied []string
	for _, p := range d.Permissions {
		if slices.Contains(o.Account.Denied, p) {
			denied = append(denied, string(p))
		}
	}
	if len(denied) > 0 {
		return &Trouble{Reason: ReasonPermissionDenied, Wait: 10 * time.Second, Message: "somebody has disabled the permission " + strings.Join(denied, ", ") + " of the account " + d.Login.User}
	}
	return nil
}

// Diagnose says what a probe that was not accepted means. listening tells
// whether the wanted port answers where Stalwart runs, which may be elsewhere
// than where consumers dial.
func Diagnose(r smtpprobe.Result, o Observed, d Desired, listening bool) Trouble {
	t := Trouble{Reason: string(r.Verdict), Message: r.Detail, Wait: 30 * time.Second}
	switch r.Verdict {
	case smtpprobe.Unreachable:
		return unreachable(t, o, d, listening)
	case smtpprobe.TemporaryError, smtpprobe.ProtocolError:
		t.Retry = true
	case smtpprobe.PasswordRefused:
		t.Message = "Stalwart rejects the password of " + d.Login.User + " at the login although it was set: " + r.Detail
	}
	return t
}

func unreachable(t Trouble, o Observed, d Desired, listening bool) Trouble {
	serving := Serving(o, d)
	want := port(d.Listener.Binds[0])
	switch {
	case serving == nil && !o.Hidden:
		t.Reason = ReasonListenerMissing
		t.Message = "no SMTP listener of Stalwart binds port " + want
		if o.Generation == stalwart.Gen015 {
			t.Message += "; on 0.15 it belongs into its configuration file"
		}
	case !listening && serving != nil && o.Generation == stalwart.Gen016:
		t.Reason, t.Wait = ReasonListenerNeedsRestart, 5*time.Second
		t.Message = "the listener " + serving.Name + " on port " + want + " is bound when Stalwart restarts"
	default:
		t.Retry = true
	}
	return t
}

// Findings are what is worth knowing about a submission that works.
func Findings(o Observed, reload *stalwart.ReloadError, pods, optional error) (reason, message string) {
	switch {
	case reload != nil:
		return stalwart.ReasonReloadFailed, reload.Error()
	case optional != nil:
		return watcher.ReasonOf(optional), strings.ReplaceAll(optional.Error(), "\n", "; ")
	case pods != nil:
		return ReasonPodsNotTold, "a Pod of Stalwart could not be told to forget its caches: " + strings.ReplaceAll(pods.Error(), "\n", "; ")
	case o.Generation == stalwart.Gen015 && !o.Hidden && o.Defaults.Hostname == "":
		return ReasonHostnameMissing, "server.hostname is not set in the configuration file of Stalwart"
	}
	return "", ""
}
