package dkimkeys

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openova-io/smtp-mirror/rotation"
)

// TestAnyOrder drives the decisions through random interleavings of time, mail,
// publishing, lies of the DNS, crashes between any two writes, requests, people who
// move keys by hand, and lost volumes. The laws are checked by the model; in the end
// everything comes to rest with one active key per algorithm.
func TestAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		m.backup = rapid.Bool().Draw(t, "backup")
		requests := 0
		t.Repeat(map[string]func(*rapid.T){
			"time": func(t *rapid.T) {
				m.now = m.now.Add(time.Duration(rapid.IntRange(1, 300).Draw(t, "minutes")) * time.Minute)
			},
			"run": func(t *rapid.T) {
				left := rapid.IntRange(0, 12).Draw(t, "writes")
				m.run(func() bool { left--; return left < 0 })
			},
			"publish": func(*rapid.T) { m.follow() },
			"mail":    func(*rapid.T) { m.mail() },
			"lie": func(t *rapid.T) {
				for _, selector := range slices.Sorted(maps.Keys(m.dns)) {
					if rapid.Bool().Draw(t, "lies") {
						delete(m.dns, selector)
					}
				}
			},
			"request": func(t *rapid.T) {
				requests++
				revoke := rapid.Bool().Draw(t, "revoke")
				m.revoked = m.revoked || revoke
				m.d.Request = rotation.NewRequest(fmt.Sprint(requests), revoke)
			},
			"volume": func(*rapid.T) { m.lose() },
			"by hand": func(t *rapid.T) {
				if len(m.keys) > 0 {
					i := rapid.IntRange(0, len(m.keys)-1).Draw(t, "key")
					m.keys[i].Stage = rapid.SampledFrom([]Stage{Pending, Retiring, Retired}).Draw(t, "stage")
					m.warm = nil
				}
			},
			"": func(*rapid.T) { m.late() },
		})
		for range 60 {
			m.tick(time.Hour)
		}
		if got := m.of(Active); !slices.Equal(got, []string{"ed25519-sha256", "rsa-sha256"}) {
			t.Errorf("at rest: %+v", m.state.Keys)
		}
		if unique := slices.Compact(slices.Sorted(slices.Values(m.seen))); len(unique) != len(m.seen) {
			t.Errorf("a selector was used twice: %v", m.seen)
		}
	})
}

// FuzzState: what is read is written back as it was, and nothing panics.
func FuzzState(f *testing.F) {
	m := newModel(f)
	m.backup = true
	m.tick(0)
	m.tick(2 * time.Hour)
	f.Add(m.state.Encode())
	f.Add([]byte(`{"keys":[{"selector":"a","publicKey":"b","stage":"active"}]}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := DecodeState(text)
		if err != nil {
			return
		}
		again, err := DecodeState(s.Encode())
		if err != nil || string(again.Encode()) != string(s.Encode()) {
			t.Errorf("%v, %q, %q", err, s.Encode(), again.Encode())
		}
		_ = Next(Observed{State: s}, Desired{}, time.Unix(0, 0))
	})
}
