package mirror

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/submission"
)

// Side is whose relay a target points at, by its marks: no memory of ours is asked.
type Side string

// The sides.
const (
	SideSeed     Side = "seed"     // phase 1, and we have never written it
	SideOwn      Side = "own"      // phase 2, or nothing at all
	SideFallback Side = "fallback" // phase 1, written by us
)

// SideOf reads the marks of a target (nil = absent). The label is only ours, so it
// has the last word where the two differ.
func SideOf(observed *corev1.Secret) Side {
	if observed == nil {
		return SideOwn
	}
	phase, ok := observed.Labels[LabelSeedPhase]
	if !ok {
		phase = observed.Annotations[LabelSeedPhase]
	}
	_, ours := observed.Annotations[AnnotationGeneration]
	switch {
	case phase != PhaseMothership:
		return SideOwn
	case ours:
		return SideFallback
	}
	return SideSeed
}

// FellBack reports whether we have taken a target back to phase 1: it stands for
// the credentials that it held before.
func FellBack(target *corev1.Secret) bool { return SideOf(target) == SideFallback }

// Verdict is what the health of the relay means for a target.
type Verdict struct {
	Switch bool          // to the other side
	Ask    bool          // a login is wanted now
	Wait   time.Duration // look again after this time
}

// Judge decides which side a target belongs on. It goes back when logins have failed
// for longer than after, and returns when they have been accepted for as long. Both
// ends of that time must have been seen, and a single other answer begins it anew:
// so a relay that answers one way and the other moves nothing, and two switches are
// never closer than after. What was seen half of that time ago is old enough to ask.
func Judge(side Side, h submission.Health, after time.Duration, now time.Time) Verdict {
	every := after / 2
	if side == SideSeed {
		return Verdict{} // it is cut over as soon as there is a proof
	}
	if h.Last.IsZero() {
		return Verdict{Ask: true, Wait: every}
	}
	turning := h.Accepted == (side == SideFallback)
	if turning && h.Lasted() >= after {
		return Verdict{Switch: true, Wait: every}
	}
	due := h.Last.Add(every)
	if end := h.Since.Add(after); turning && end.Before(due) {
		due = end
	}
	if wait := due.Sub(now); wait > 0 {
		return Verdict{Wait: wait}
	}
	return Verdict{Ask: true, Wait: every}
}
