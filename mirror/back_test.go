package mirror_test

import (
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/mirror"
)

// fallen is a target that has gone back to a seed.
func fallen(t *testing.T, seed map[string]string) *phases {
	t.Helper()
	p := newPhases(t, seed)
	p.login(true)
	p.run()
	if reason, _ := p.lasts(false, 3*time.Minute); reason != mirror.ReasonOnFallback {
		t.Fatalf("it has not gone back: %s", reason)
	}
	return p
}

// TestDriftOfPhaseOne: what has gone back is repaired, without any proof.
func TestDriftOfPhaseOne(t *testing.T) {
	drifts := map[string]func(p *phases){
		"an edit":    func(p *phases) { p.edit(targetName, func(s *corev1.Secret) { s.Data["smtp-pass"] = []byte("x") }) },
		"a key gone": func(p *phases) { p.edit(targetName, func(s *corev1.Secret) { delete(s.Data, "smtp-user") }) },
		"a key more": func(p *phases) { p.edit(targetName, func(s *corev1.Secret) { s.Data["password"] = []byte(canary) }) },
		"no label": func(p *phases) {
			p.edit(targetName, func(s *corev1.Secret) { delete(s.Labels, mirror.LabelSeedPhase) })
		},
		"no annotation": func(p *phases) {
			p.edit(targetName, func(s *corev1.Secret) { delete(s.Annotations, mirror.LabelSeedPhase) })
		},
	}
	for name, drift := range drifts {
		for _, restarts := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := fallen(t, early())
					if restarts {
						p.restart()
					}
					drift(p)
					p.login(false)
					if reason, events := p.run(); reason != mirror.ReasonOnFallback || !slices.Equal(events, []string{mirror.ChangedMirror}) {
						t.Errorf("%s %v", reason, events)
					}
					p.holds(name, early(), mirror.PhaseMothership)
					p.back()
				})
			})
		}
	}
}

// TestDeletedWhileBack: it is made anew with the bytes of phase 1, by this process
// at once, by the next one when it has seen the relay fail for itself.
func TestDeletedWhileBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := fallen(t, early())
		p.remove(targetName)
		p.login(false)
		p.run()
		if got := p.get(targetName); !maps.Equal(texts(got), early()) {
			t.Error("this process has not restored it")
		}
		p.remove(targetName)
		p.restart()
		if reason, _ := p.lasts(false, time.Minute); reason != mirror.ReasonAwaitingProof || p.get(targetName) != nil {
			t.Errorf("at first: %s", reason)
		}
		p.lasts(false, time.Minute)
		if got := p.get(targetName); !maps.Equal(texts(got), early()) {
			t.Error("the next process has not restored it")
		}
	})
}

// TestNeverOursBesideItsUser: somebody else owns our bytes too (a backup that was
// restored), so an apply alone would leave them; they go in the very write that
// brings the user of phase 1.
func TestNeverOursBesideItsUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPhases(t, early())
		p.login(true)
		p.run()
		for key := range own() {
			p.edit(targetName, func(s *corev1.Secret) { s.Data[key] = []byte("x") })
			p.edit(targetName, func(s *corev1.Secret) { s.Data[key] = []byte(own()[key]) })
		}
		p.login(true)
		p.run()
		p.seen = nil
		p.lasts(false, 3*time.Minute)
		p.holds("gone back", early(), mirror.PhaseMothership)
		for _, version := range p.seen {
			if got := texts(version); !maps.Equal(got, early()) {
				t.Errorf("a write has left the keys %v", slices.Sorted(maps.Keys(got)))
			}
		}
	})
}

// TestAlternatingRelayMovesNothing: on either side.
func TestAlternatingRelayMovesNothing(t *testing.T) {
	for name, make := range map[string]func(t *testing.T) *phases{
		"own":  func(t *testing.T) *phases { p := newPhases(t, late()); p.login(true); p.run(); return p },
		"back": func(t *testing.T) *phases { return fallen(t, late()) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := make(t)
				before := p.get(targetName).ResourceVersion
				for i := range 200 {
					p.login(i%3 == 0)
					p.run()
					time.Sleep(30 * time.Second)
				}
				if p.get(targetName).ResourceVersion != before {
					t.Error("the target was written")
				}
			})
		})
	}
}

// TestASwitchCountsFromItsEnd: what was answered while a write was under way is no
// reason for the next one.
func TestASwitchCountsFromItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPhases(t, late())
		p.login(true)
		p.run()
		p.during = func() { p.login(true); time.Sleep(3 * time.Minute); p.login(true) }
		p.lasts(false, 2*time.Minute)
		for _, want := range []string{mirror.ReasonOnFallback, mirror.ReasonOnFallback, ""} {
			p.login(true)
			if reason, _ := p.run(); reason != want {
				t.Errorf("%s, want %q", reason, want)
			}
			time.Sleep(time.Minute)
		}
	})
}

// TestATermCountsForItself: what was seen before we led has no weight.
func TestATermCountsForItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPhases(t, late())
		p.login(true)
		p.run()
		p.login(false)
		time.Sleep(time.Hour)
		p.Renew()
		p.login(false)
		if reason, _ := p.run(); reason != "" {
			t.Error(reason)
		}
		if reason, _ := p.lasts(false, 2*time.Minute); reason != mirror.ReasonOnFallback {
			t.Error(reason)
		}
	})
}
