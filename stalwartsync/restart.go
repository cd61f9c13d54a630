package stalwartsync

import (
	"slices"
	"strings"

	"github.com/openova-io/smtp-mirror/stalwart"
)

// RestartAnnotation is the name of the pod-template annotations whose change
// restarts Stalwart, each behind a prefix with the submission that asks. The value
// names the listener that waits, so one listener change is one restart, whoever
// asks for it and however often.
const RestartAnnotation = "smtp-mirror.openova.io/listener"

// AnnotationOf is the annotation of one submission.
func AnnotationOf(submission string) string { return submission + "." + RestartAnnotation }

// Running is what runs Stalwart, as far as a restart needs it.
type Running struct {
	Requested []string // the listeners that a restart was asked for
	Complete  bool     // the rollout of the newest template is complete
}

// RestartStep is what to do about a listener that is not bound.
type RestartStep string

// The steps.
const (
	RestartRequest RestartStep = "request" // change the annotation
	RestartWait    RestartStep = "wait"    // a rollout is under way
	RestartFailed  RestartStep = "failed"  // it was restarted for this listener, and the port is still closed
)

// DecideRestart asks for one restart per listener change, and never for a second
// one while a rollout is under way.
func DecideRestart(w Running, want string) RestartStep {
	switch {
	case !w.Complete:
		return RestartWait
	case slices.Contains(w.Requested, want):
		return RestartFailed
	}
	return RestartRequest
}

// restartToken names a listener change. The ID tells a listener that was made
// anew after the data volume was lost.
func restartToken(l stalwart.Listener) string {
	return l.Name + "/" + l.ID + "/" + strings.Join(l.Binds, ",")
}

// requested lists what restarts were asked for, by whichever submission.
func requested(annotations map[string]string) []string {
	var all []string
	for name, value := range annotations {
		if strings.HasSuffix(name, "."+RestartAnnotation) {
			all = append(all, value)
		}
	}
	return all
}
