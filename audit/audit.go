// Package audit makes everything that the controller does visible, in one
// place: each real change and each new trouble becomes one Kubernetes Event, one
// log line and one count; a run that changed nothing becomes nothing.
//
// Events are best effort and live for an hour, so they are no audit log by
// themselves: the log line says the same. No value of a secret can reach this
// package: results carry names of keys, and passwords are a type that cannot print
// itself.
package audit

import (
	"context"
	"log/slog"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/watcher"
)

// Recorder is what client-go's events recorder does for us.
type Recorder interface {
	Event(about corev1.ObjectReference, kind, reason, action, note string)
}

// Trail reports transitions.
type Trail struct {
	Log     *slog.Logger
	Events  Recorder
	Metrics *Metrics
}

// ReasonRecovered is the reason of the Event that ends a trouble.
const ReasonRecovered = "Recovered"

// maxNote is the longest note of an Event (events.k8s.io/v1).
const maxNote = 1024

// Observe reports one finished run of a target.
func (t *Trail) Observe(tr watcher.Transition) {
	target := string(tr.After.Name)
	for _, c := range tr.Result.Changes {
		t.Metrics.changed(target, c)
		level, kind := slog.LevelInfo, corev1.EventTypeNormal
		if c.Warning {
			level, kind = slog.LevelWarn, corev1.EventTypeWarning
		}
		t.Log.Log(context.Background(), level, "changed", "target", target, "reason", c.Reason, "message", c.Message)
		t.event(c.Regarding, kind, c.Reason, c.Action, c.Message)
	}
	t.Metrics.outcome(tr.After, tr.Result)
	switch {
	case tr.Trouble():
		t.trouble(target, tr)
	case tr.Recovered():
		t.Log.Info("recovered", "target", target, "from", tr.Before.Reason)
		t.event(occurrence(tr), corev1.EventTypeNormal, ReasonRecovered, "Recover", target+" is converged again after "+tr.Before.Reason)
	case tr.After.Outcome != tr.Before.Outcome || tr.After.Reason != tr.Before.Reason:
		t.Log.Info("outcome", "target", target, "outcome", string(tr.After.Outcome), "reason", tr.After.Reason)
	default:
		t.Log.Debug("reconciled", "target", target, "outcome", string(tr.After.Outcome), "reason", tr.After.Reason)
	}
}

func (t *Trail) trouble(target string, tr watcher.Transition) {
	t.Metrics.troubled(target, tr.After.Reason)
	attrs := []any{"target", target, "outcome", string(tr.After.Outcome), "reason", tr.After.Reason, "message", tr.After.Message}
	if s, ok := tr.Err.(interface{ Stack() string }); ok { //nolint:errorlint // the loop does not wrap it
		attrs = append(attrs, "stack", s.Stack())
	}
	t.Log.Warn("trouble", attrs...)
	about := occurrence(tr)
	t.event(about, corev1.EventTypeWarning, tr.After.Reason, string(tr.After.Outcome), tr.After.Message)
	if also := tr.Result.Also; also.Name != "" {
		also.FieldPath = about.FieldPath
		t.event(also, corev1.EventTypeWarning, tr.After.Reason, string(tr.After.Outcome), tr.After.Message)
	}
}

// occurrence is the object of a trouble, told apart from the same trouble at
// another time and from the same trouble of another target: the recorder folds what
// is equal, and shows the third one half an hour late.
func occurrence(tr watcher.Transition) corev1.ObjectReference {
	about := tr.Result.Regarding
	about.FieldPath = string(tr.After.Name) + " at " + time.Now().UTC().Format(time.RFC3339Nano)
	return about
}

func (t *Trail) event(about corev1.ObjectReference, kind, reason, action, note string) {
	if about.Name == "" || t.Events == nil {
		return
	}
	note = strings.ToValidUTF8(note, "?")
	if len(note) > maxNote {
		note = strings.ToValidUTF8(note[:maxNote], "")
	}
	t.Events.Event(about, kind, reason, action, note)
}
