package dkimkeys

import (
	"slices"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/rotation"
)

// TestALife: keys are made, published, used, replaced, revoked and destroyed.
func TestALife(t *testing.T) {
	m := newModel(t)
	both := []string{"ed25519-sha256", "rsa-sha256"}
	m.tick(0)
	if got := m.of(Pending); !slices.Equal(got, both) {
		t.Fatalf("pending: %v", got)
	}
	m.tick(59 * time.Minute)
	if got := m.of(Active); len(got) > 0 {
		t.Fatalf("active before everybody can know: %v", got)
	}
	m.tick(2 * time.Minute)
	if got := m.of(Active); !slices.Equal(got, both) {
		t.Fatalf("active: %v", got)
	}
	for range 200 {
		m.tick(15 * time.Minute)
	}
	if got := m.of(Active); !slices.Equal(got, both) || len(m.seen) < 6 {
		t.Errorf("active after two days: %v, made %v", got, m.seen)
	}
	if unique := slices.Compact(slices.Sorted(slices.Values(m.seen))); len(unique) != len(m.seen) {
		t.Errorf("a selector was used twice: %v", m.seen)
	}
	if len(m.keys) > 1+2*4 {
		t.Errorf("%d keys are left", len(m.keys))
	}
}

// TestRequests: now, and revoke-now.
func TestRequests(t *testing.T) {
	for _, revoke := range []bool{false, true} {
		m := newModel(t)
		for range 10 {
			m.tick(15 * time.Minute)
		}
		before := len(m.seen)
		m.d.Request, m.revoked = rotation.NewRequest("a", revoke), revoke
		for range 6 {
			m.tick(15 * time.Minute)
		}
		if len(m.seen) != before+2 || len(m.of(Active)) != 2 {
			t.Errorf("revoke %t: made %v, active %v", revoke, m.seen, m.of(Active))
		}
		if gone := len(m.of(Retired)); (gone == 2) != revoke {
			t.Errorf("revoke %t: %d are retired", revoke, gone)
		}
	}
}

// TestALostVolume: without the private keys the records stay for mail on its way,
// and new keys come under new selectors; with them everything is as it was.
func TestALostVolume(t *testing.T) {
	for _, backup := range []bool{false, true} {
		m := newModel(t)
		m.backup = backup
		for range 10 {
			m.tick(15 * time.Minute)
		}
		before := slices.Clone(m.seen)
		m.lose()
		m.tick(time.Minute)
		m.tick(time.Minute)
		if back := len(m.of(Active)) == 2 && len(m.seen) == len(before); back != backup {
			t.Errorf("backup %t: %+v", backup, m.state.Keys)
		}
		for range 10 {
			m.tick(15 * time.Minute)
		}
		if len(m.of(Active)) != 2 {
			t.Errorf("backup %t: active %v", backup, m.of(Active))
		}
	}
}

// TestWhatSignsBeforeItIsWrittenDown: we die after Stalwart was told to sign with a key, and
// before the state says so; a mail leaves; then the volume is lost, or somebody retires the
// key. The record stays for the mail.
func TestWhatSignsBeforeItIsWrittenDown(t *testing.T) {
	for name, then := range map[string]func(m *model){
		"the volume is lost":   func(m *model) { m.keys, m.warm = m.keys[:1], nil },
		"somebody retires it":  func(m *model) { m.keys[1].Stage, m.warm = Retired, nil },
		"somebody destroys it": func(m *model) { m.destroy(m.keys[1].ID) },
	} {
		t.Run(name, func(t *testing.T) {
			m := newModel(t)
			m.run(never)
			m.follow()
			m.now = m.now.Add(negative)
			writes := 1
			m.run(func() bool { writes--; return writes < 0 })
			m.mail()
			if len(m.signed) != 1 {
				t.Fatalf("signed with %v", m.signed)
			}
			then(m)
			for range int(retireAfter/time.Hour) - 1 {
				m.tick(time.Hour)
			}
		})
	}
}
