package mirror

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Action is what to do with a target.
type Action string

// The actions.
const (
	Keep  Action = "Keep"  // it is equal
	Apply Action = "Apply" // write our part, all of it, in one request
	Hold  Action = "Hold"  // leave it as it is
)

// Decision is the outcome of [Decide].
type Decision struct {
	Action     Action
	Reason     string   // with Hold
	Message    string   // with Hold
	Changed    []string // names of what differs: keys, "label x", "annotation y"; never values
	Generation int64    // the number that the target then carries
}

// Decide compares a target (nil = absent) with what it should be. proven says
// that a login with exactly these bytes was accepted. last is the highest
// generation that this process has written, so that a deleted target does not
// start over.
func Decide(observed *corev1.Secret, d Desired, proven bool, last int64) Decision {
	generation := generationOf(observed, d, last)
	changed := differences(observed, d, generation)
	switch {
	case observed != nil && observed.DeletionTimestamp != nil:
		return Decision{Action: Hold, Reason: ReasonTargetTerminating, Message: "the target is being deleted", Generation: generation}
	case len(changed) == 0:
		return Decision{Action: Keep, Generation: generation}
	case observed != nil && observed.Type != corev1.SecretTypeOpaque:
		return Decision{Action: Hold, Reason: ReasonTargetType, Message: fmt.Sprintf("the target has the type %s, which cannot be changed to Opaque; delete it", observed.Type), Changed: changed, Generation: generation}
	case observed != nil && observed.Immutable != nil && *observed.Immutable && !sameData(observed, d):
		return Decision{Action: Hold, Reason: ReasonTargetImmutable, Message: "the target is immutable; delete it", Changed: changed, Generation: generation}
	case !proven:
		return Decision{Action: Hold, Reason: ReasonAwaitingProof, Message: "the relay has not yet accepted a login with the source's credentials; the target stays as it is", Changed: changed, Generation: generation}
	}
	return Decision{Action: Apply, Changed: changed, Generation: generation}
}

// differences names everything of ours that is not as it should be, sorted.
func differences(observed *corev1.Secret, d Desired, generation int64) []string {
	if observed == nil {
		observed = &corev1.Secret{}
	}
	var names []string
	for key, value := range d.Data {
		if have, ok := observed.Data[key]; !ok || !bytes.Equal(have, value) {
			names = append(names, key)
		}
	}
	for _, key := range d.Absent {
		if _, ok := observed.Data[key]; ok {
			names = append(names, key)
		}
	}
	for key, value := range d.Labels {
		if observed.Labels[key] != value {
			names = append(names, "label "+key)
		}
	}
	for key, value := range withGeneration(d.Annotations, generation) {
		if observed.Annotations[key] != value {
			names = append(names, "annotation "+key)
		}
	}
	names = append(names, abandoned(observed, d)...)
	slices.SortFunc(names, func(a, b string) int {
		return strings.Compare(strconv.Itoa(strings.Count(a, " "))+a, strconv.Itoa(strings.Count(b, " "))+b)
	})
	return slices.Compact(names) // a key that must go may be one that we applied
}

func withGeneration(annotations map[string]string, generation int64) map[string]string {
	all := maps.Clone(annotations)
	all[AnnotationGeneration] = strconv.FormatInt(generation, 10)
	return all
}

func sameData(observed *corev1.Secret, d Desired) bool {
	for _, key := range d.Absent {
		if _, ok := observed.Data[key]; ok {
			return false
		}
	}
	for key, value := range d.Data {
		if have, ok := observed.Data[key]; !ok || !bytes.Equal(have, value) {
			return false
		}
	}
	return true
}

// generationOf counts changes of the five fields: it stays while the target holds
// them, also in one shape only, and when it has lost them and they are known to be
// the same as before; else it grows by one.
func generationOf(observed *corev1.Secret, d Desired, last int64) int64 {
	var have int64
	if observed != nil {
		have = max(have, parseGeneration(observed.Annotations[AnnotationGeneration]))
	}
	if d.Written > 0 || observed != nil && holdsFields(observed, d) {
		return max(have, last, d.Written, 1)
	}
	return max(have, last) + 1
}

// holdsFields reports whether some shape with all five fields is complete and
// equal, or everything where no such shape is asked for.
func holdsFields(observed *corev1.Secret, d Desired) bool {
	if !d.seed.Empty() {
		return sameData(observed, d) // its shapes may be incomplete
	}
	for _, shape := range []Shape{ShapeSMTP, ShapeEnv} {
		part := Desired{Data: map[string][]byte{}}
		for key := range shapeKeys(shape) {
			if value, ok := d.Data[key]; ok {
				part.Data[key] = value
			}
		}
		if len(part.Data) > 0 && sameData(observed, part) {
			return true
		}
	}
	return sameData(observed, d)
}

// parseGeneration reads the annotation; what nobody of us has written counts as
// none. 53 bits leave room to count on.
func parseGeneration(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 53)
	if err != nil {
		return 0
	}
	return n
}
