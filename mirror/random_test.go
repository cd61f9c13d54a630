package mirror_test

import (
	"maps"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/openova-io/smtp-mirror/mirror"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/submission"
)

// canary is in every value of these tests; no name holds it.
const canary = "canary-of-the-mirror-tests"

// dice make small worlds, so that equal things happen often.
type dice struct{ *rand.Rand }

func roll(seed uint64) dice { return dice{rand.New(rand.NewPCG(seed, 1))} } //nolint:gosec // reproducible, not secret

func (d dice) one() bool { return d.IntN(2) == 0 }

func (d dice) value(name string) string { return canary + " " + name + strconv.Itoa(d.IntN(2)) }

func (d dice) credentials() submission.Credentials {
	return submission.Credentials{Host: d.value("host"), Port: uint16(587 + d.IntN(2)), From: d.value("from"), User: d.value("user"), Password: redact.New(d.value("pass"))} //nolint:gosec // small
}

func (d dice) wish() mirror.Wish {
	w := mirror.Wish{}
	for _, s := range []mirror.Shape{mirror.ShapeSMTP, mirror.ShapeLegacy, mirror.ShapeEnv} {
		if d.one() {
			w.Shapes = append(w.Shapes, s)
		}
	}
	if len(w.Shapes) == 0 {
		w.Shapes = []mirror.Shape{mirror.ShapeSMTP}
	}
	if d.one() {
		w.Labels, w.Annotations = map[string]string{"extra": "l"}, map[string]string{"extra": "a"}
	}
	return w
}

func (d dice) desired() mirror.Desired {
	return mirror.Desire(d.credentials(), types.UID(strconv.Itoa(d.IntN(2))), d.wish())
}

// generation is an annotation as somebody may have left it.
func (d dice) generation() string {
	texts := []string{"", "0", "1", "2", "17", "-3", "many", " 4", "9223372036854775807", "-9223372036854775808", "99999999999999999999"}
	return texts[d.IntN(len(texts))]
}

// secret is a target as it may be found: nothing, something else, ours, ours
// with drift.
func (d dice) secret(ours mirror.Desired) *corev1.Secret {
	if d.IntN(6) == 0 {
		return nil
	}
	s := &corev1.Secret{Type: corev1.SecretTypeOpaque, Data: map[string][]byte{"foreign": []byte(canary)}}
	s.Labels, s.Annotations = map[string]string{"foreign": "x"}, map[string]string{"foreign": "x"}
	if d.one() {
		s = apply(s, ours, int64(d.IntN(3)))
	}
	if g := d.generation(); g != "" {
		s.Annotations[mirror.AnnotationGeneration] = g
	}
	for key := range maps.Clone(s.Data) {
		switch d.IntN(12) {
		case 0:
			delete(s.Data, key)
		case 1:
			s.Data[key] = []byte(canary + " drift")
		}
	}
	d.trouble(s)
	return s
}

func (d dice) trouble(s *corev1.Secret) {
	switch d.IntN(10) {
	case 0:
		s.Type = corev1.SecretTypeBasicAuth
	case 1:
		yes := true
		s.Immutable = &yes
	case 2:
		s.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
	case 3:
		s.Data, s.Labels = nil, nil
	}
}

// apply does what the API server does with our part.
func apply(s *corev1.Secret, d mirror.Desired, generation int64) *corev1.Secret {
	out := &corev1.Secret{Type: corev1.SecretTypeOpaque}
	if s != nil {
		out = s.DeepCopy()
	}
	if out.Data == nil {
		out.Data = map[string][]byte{}
	}
	if out.Labels == nil {
		out.Labels = map[string]string{}
	}
	if out.Annotations == nil {
		out.Annotations = map[string]string{}
	}
	maps.Copy(out.Data, d.Data)
	maps.Copy(out.Labels, d.Labels)
	maps.Copy(out.Annotations, d.Annotations)
	out.Annotations[mirror.AnnotationGeneration] = strconv.FormatInt(generation, 10)
	return out
}

// worlds runs a law in many of them; the seed names the one that breaks it.
func worlds(t *testing.T, law func(t *testing.T, d dice)) {
	t.Helper()
	for seed := range uint64(5000) {
		law(t, roll(seed))
		if t.Failed() {
			t.Fatalf("in world %d", seed)
		}
	}
}
