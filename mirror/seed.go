package mirror

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/submission"
)

// pairs are the keys of user and password in each shape.
func pairs() [][2]string {
	return [][2]string{{submission.KeyUser, submission.KeyPass}, {"user", "password"}, {"SMTP_USER", "SMTP_PASS"}}
}

// contractKeys are those of every shape, sorted.
func contractKeys() []string {
	var all []string
	for _, s := range []Shape{ShapeSMTP, ShapeLegacy, ShapeEnv} {
		all = slices.AppendSeq(all, maps.Keys(shapeKeys(s)))
	}
	slices.Sort(all)
	return all
}

// credentialData is the part of a Secret that consumers log in with.
func credentialData(s *corev1.Secret) map[string][]byte {
	part := map[string][]byte{}
	if s == nil {
		return part
	}
	for _, key := range contractKeys() {
		if value, ok := s.Data[key]; ok {
			part[key] = value
		}
	}
	return part
}

// usable reports whether somebody could log in with it.
func usable(data map[string][]byte) bool {
	return slices.ContainsFunc(pairs(), func(p [2]string) bool { return len(data[p[0]]) > 0 && len(data[p[1]]) > 0 })
}

// isOf reports whether data points at the relay of these credentials, or logs in with
// them.
func isOf(data map[string][]byte, c submission.Credentials) bool {
	if c.Host != "" && (string(data[submission.KeyHost]) == c.Host || string(data["SMTP_HOST"]) == c.Host) {
		return true
	}
	return slices.ContainsFunc(pairs(), func(p [2]string) bool {
		return c.User != "" && string(data[p[0]]) == c.User && c.Password.Equal(redact.New(string(data[p[1]])))
	})
}

func sameBytes(a, b map[string][]byte) bool { return maps.EqualFunc(a, b, bytes.Equal) }

// DesireSeed computes our part of a target that goes back to phase 1: exactly the
// seed's keys, and its marks. A key that it lacked is absent: ours must never stand
// beside its user. What protects the target, and what the configuration adds, stays.
func DesireSeed(kept map[string][]byte, w Wish) Desired {
	d := Desired{Data: maps.Clone(kept), Labels: map[string]string{}, Annotations: map[string]string{}}
	maps.Copy(d.Labels, w.Labels)
	maps.Copy(d.Annotations, w.Annotations)
	d.Labels[LabelSeedPhase], d.Annotations[LabelSeedPhase], d.Annotations[AnnotationKeep] = PhaseMothership, PhaseMothership, "keep"
	for _, key := range contractKeys() {
		if _, ok := kept[key]; !ok {
			d.Absent = append(d.Absent, key)
		}
	}
	text, _ := json.Marshal(kept) // plain bytes: it cannot fail
	d.seed = redact.New(string(text))
	return d
}

// shared names the keys that somebody beside our apply owns: an apply that does not
// name them leaves them.
func shared(observed *corev1.Secret, keys []string) []string {
	var names []string
	for _, entry := range observed.ManagedFields {
		ours := entry.Manager == FieldManager && entry.Operation == metav1.ManagedFieldsOperationApply
		if ours || entry.FieldsV1 == nil {
			continue
		}
		var owned struct {
			Data map[string]any `json:"f:data"`
		}
		if json.Unmarshal(entry.FieldsV1.GetRawBytes(), &owned) != nil {
			continue
		}
		for _, key := range keys {
			if _, ok := owned.Data["f:"+key]; ok {
				names = append(names, key)
			}
		}
	}
	return names
}
