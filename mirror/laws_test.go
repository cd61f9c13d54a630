package mirror_test

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/mirror"
)

// TestLawIdempotent: what was applied is kept, by this process and by the next
// one, which remembers nothing.
func TestLawIdempotent(t *testing.T) {
	worlds(t, func(t *testing.T, d dice) {
		want := d.desired()
		observed, last := d.secret(want), int64(d.IntN(4))
		got := mirror.Decide(observed, want, true, last)
		if got.Action != mirror.Apply {
			return
		}
		after := apply(observed, want, got.Generation)
		for _, known := range []int64{got.Generation, 0} {
			if again := mirror.Decide(after, want, d.one(), known); again.Action != mirror.Keep || again.Generation != got.Generation {
				t.Errorf("after %+v: %+v", got, again)
			}
		}
	})
}

// TestLawNeverWorse: without a proof nothing is written, and what cannot be
// written is not tried.
func TestLawNeverWorse(t *testing.T) {
	worlds(t, func(t *testing.T, d dice) {
		want := d.desired()
		observed := d.secret(want)
		if got := mirror.Decide(observed, want, false, 0); got.Action == mirror.Apply {
			t.Errorf("unproven: %+v", got)
		}
		got := mirror.Decide(observed, want, true, 0)
		if observed == nil {
			if got.Action != mirror.Apply {
				t.Errorf("absent and proven: %+v", got)
			}
			return
		}
		hopeless := observed.Type != corev1.SecretTypeOpaque || observed.DeletionTimestamp != nil
		if hopeless && got.Action == mirror.Apply {
			t.Errorf("a target of type %s, terminating %v: %+v", observed.Type, observed.DeletionTimestamp, got)
		}
	})
}

// TestLawDeterministic: the same world, the same decision; and a difference is
// found exactly where there is one.
func TestLawDeterministic(t *testing.T) {
	worlds(t, func(t *testing.T, d dice) {
		want := d.desired()
		observed, proven, last := d.secret(want), d.one(), int64(d.IntN(3))
		untouched := observed.DeepCopy()
		got := mirror.Decide(observed, want, proven, last)
		if again := mirror.Decide(observed, want, proven, last); !reflect.DeepEqual(got, again) {
			t.Errorf("%+v, then %+v", got, again)
		}
		if !reflect.DeepEqual(observed, untouched) {
			t.Error("the observed object was modified")
		}
		if (got.Action == mirror.Apply) && len(got.Changed) == 0 || got.Action == mirror.Keep && len(got.Changed) > 0 {
			t.Errorf("%+v", got)
		}
		if got.Action == mirror.Hold && (got.Reason == "" || got.Message == "") {
			t.Errorf("a wait that says nothing: %+v", got)
		}
	})
}

// TestLawNoValues: whatever is said of a decision names keys and never values.
func TestLawNoValues(t *testing.T) {
	worlds(t, func(t *testing.T, d dice) {
		want := d.desired()
		for _, proven := range []bool{true, false} {
			if said := fmt.Sprintf("%+v", mirror.Decide(d.secret(want), want, proven, 0)); strings.Contains(said, canary) {
				t.Error("a decision shows a value")
			}
		}
	})
}

// TestLawNarrow: our part has the contract's keys and what the configuration
// adds, and nothing else.
func TestLawNarrow(t *testing.T) {
	keys := []string{"smtp-host", "smtp-port", "smtp-from", "smtp-user", "smtp-pass", "user", "password", "SMTP_HOST", "SMTP_PORT", "SMTP_FROM", "SMTP_USER", "SMTP_PASS"}
	labels := []string{"catalyst.openova.io/seed-phase", "catalyst.openova.io/component", "app.kubernetes.io/name", "extra"}
	annotations := []string{"catalyst.openova.io/seed-phase", "helm.sh/resource-policy", "smtp-mirror.openova.io/source", "extra"}
	worlds(t, func(t *testing.T, d dice) {
		want := d.desired()
		for key := range want.Data {
			if !slices.Contains(keys, key) {
				t.Errorf("the key %s", key)
			}
		}
		for key := range want.Labels {
			if !slices.Contains(labels, key) {
				t.Errorf("the label %s", key)
			}
		}
		for key := range want.Annotations {
			if !slices.Contains(annotations, key) {
				t.Errorf("the annotation %s", key)
			}
		}
	})
}

// TestLawGeneration: it never falls, it stays while the fields are there, and it
// grows by one when they are not.
func TestLawGeneration(t *testing.T) {
	worlds(t, func(t *testing.T, d dice) {
		want := d.desired()
		observed, last := d.secret(want), int64(d.IntN(4))
		got := mirror.Decide(observed, want, true, last).Generation
		floor, same := last, observed != nil
		if observed != nil {
			if have, err := strconv.ParseInt(observed.Annotations[mirror.AnnotationGeneration], 10, 53); err == nil {
				floor = max(floor, have)
			}
			same = holds(observed.Data, want.Data, "smtp-") || holds(observed.Data, want.Data, "SMTP_") || holds(observed.Data, want.Data, "")
		}
		if same && got != max(floor, 1) || !same && got != floor+1 {
			t.Errorf("generation %d after %d, the same fields: %t", got, floor, same)
		}
	})
}

// holds reports whether the wanted keys with a prefix exist and are all there.
func holds(have, want map[string][]byte, prefix string) bool {
	found := prefix == ""
	for key, value := range want {
		if strings.HasPrefix(key, prefix) {
			found = true
			if got, ok := have[key]; !ok || string(got) != string(value) {
				return false
			}
		}
	}
	return found
}

// TestGenerationCountsFieldsOnly walks one target through its life.
func TestGenerationCountsFieldsOnly(t *testing.T) {
	d := roll(1)
	c, w := d.credentials(), mirror.Wish{Shapes: []mirror.Shape{mirror.ShapeSMTP, mirror.ShapeLegacy}}
	want := mirror.Desire(c, "uid-1", w)
	target := apply(nil, want, 1)
	step := func(name string, generation int64) {
		t.Helper()
		got := mirror.Decide(target, want, true, 0)
		if got.Generation != generation {
			t.Errorf("%s: generation %d, want %d", name, got.Generation, generation)
		}
		target = apply(target, want, got.Generation)
	}
	step("nothing", 1)
	target.Labels["foreign"], target.ResourceVersion = "x", "9"
	step("a foreign label", 1)
	delete(target.Labels, mirror.LabelComponent)
	step("a lost label of ours", 1)
	want = mirror.Desire(c, "uid-2", w)
	step("the SOURCE was made anew with the same bytes", 1)
	c.Port++
	want = mirror.Desire(c, "uid-2", w)
	step("another port", 2)
	step("and nothing more", 2)
	target.Data["smtp-pass"] = []byte("somebody's")
	step("somebody changed a field", 3)
}
