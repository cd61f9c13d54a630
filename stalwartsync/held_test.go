package stalwartsync

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// TestHeldByWhatConsumersRead: in a mirror's shapes, and under whatever keys a
// rendered Secret has; of the user only.
func TestHeldByWhatConsumersRead(t *testing.T) {
	copies := func(keys [2]string, data map[string]string) Copy {
		secret := &corev1.Secret{Data: map[string][]byte{}}
		for key, value := range data {
			secret.Data[key] = []byte(value)
		}
		return Copy{Keys: keys, Read: func() (*corev1.Secret, error) { return secret, nil }}
	}
	unusual := [2]string{"LOGIN", "SECRET"}
	rows := []struct {
		name string
		copy Copy
		want string
	}{
		{"a mirror", copies([2]string{}, map[string]string{"smtp-user": "u", "smtp-pass": canary}), canary},
		{"its legacy shape", copies([2]string{}, map[string]string{"user": "u", "password": canary}), canary},
		{"unusual keys", copies(unusual, map[string]string{"LOGIN": "u", "SECRET": canary}), canary},
		{"the password under the user's key", copies(unusual, map[string]string{"SECRET": "u", "LOGIN": canary}), ""},
		{"another user", copies(unusual, map[string]string{"LOGIN": "v", "SECRET": canary}), ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := (&Rotation{Copies: []Copy{row.copy}}).held("u")
			if row.want == "" && len(got) > 0 || row.want != "" && (len(got) != 1 || got[0].Reveal() != row.want) {
				t.Errorf("%d are held", len(got))
			}
		})
	}
}
