package mirror_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/openova-io/smtp-mirror/mirror"
	"github.com/openova-io/smtp-mirror/watcher"
)

// TestACopyThatCannotBeKeptHoldsTheCutover: the bytes are nowhere else.
func TestACopyThatCannotBeKeptHoldsTheCutover(t *testing.T) {
	rows := map[string]func(p *phases){
		"no right to read": func(p *phases) {
			p.denied[keptName] = apierrors.NewForbidden(secretsResource, keptName, errors.New("no"))
		},
		"no right to write": func(p *phases) {
			p.refuse[keptName] = apierrors.NewForbidden(secretsResource, keptName, errors.New("no"))
		},
		"a quota, which quotes": func(p *phases) {
			p.refuse[keptName] = apierrors.NewInternalError(errors.New(mothership + " is too much"))
		},
		"somebody else's keys in it": func(p *phases) {
			p.create(map[string]string{})
			p.remove(targetName)
			s := &corev1.Secret{Type: corev1.SecretTypeOpaque, Data: map[string][]byte{"password": []byte("theirs")}}
			s.Name, s.Namespace = keptName, "catalyst-system"
			p.make(s)
			p.create(early())
		},
	}
	for name, trouble := range rows {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPhases(t, nil)
				if name != "somebody else's keys in it" {
					p.create(early())
				}
				trouble(p)
				p.login(true)
				_, err := p.Reconcile(t.Context())
				if watcher.ReasonOf(err) != mirror.ReasonFallbackNotKept || says(err, mothership) || !says(err, keptName) {
					t.Errorf("%s, or the text is wrong", watcher.ReasonOf(err))
				}
				p.holds(name, early(), mirror.PhaseMothership)
				clear(p.denied)
				clear(p.refuse)
				if s := p.get(keptName); s != nil && s.Data["password"] != nil {
					p.remove(keptName)
				}
				if reason, _ := p.run(); reason != "" {
					t.Errorf("after the cause is gone: %s", reason)
				}
				p.holds("after the cause is gone", own(), mirror.PhaseOwnRelay)
			})
		})
	}
}

// TestTheCopyIsPhaseOneOnly: bytes of ours never replace it, whatever the marks say;
// another seed does.
func TestTheCopyIsPhaseOneOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPhases(t, late())
		p.login(true)
		p.run()
		p.edit(targetName, func(s *corev1.Secret) { // the seed's marks over our bytes, one of them old
			s.Labels = map[string]string{"app.kubernetes.io/managed-by": "catalyst-api"}
			s.Annotations = map[string]string{"catalyst.openova.io/seed-phase": "phase-1-mothership-relay"}
			s.Data["smtp-pass"], s.Data["password"] = []byte("an old one"), []byte("an old one")
		})
		if reason, events := p.run(); reason != "" || !slices.Equal(events, []string{mirror.ChangedMirror}) || !maps.Equal(texts(p.get(keptName)), late()) {
			t.Errorf("%s %v, or the copy has changed", reason, events)
		}
		p.remove(targetName)
		next := early()
		next["smtp-pass"] += " renewed"
		p.create(next)
		if _, events := p.run(); !slices.Equal(events, []string{mirror.ChangedFallbackKept, mirror.ChangedMirror}) || !maps.Equal(texts(p.get(keptName)), next) {
			t.Errorf("%v, or the copy is not the new seed", events)
		}
		p.lasts(false, 3*time.Minute)
		p.holds("gone back", next, mirror.PhaseMothership)
	})
}

// TestNothingToKeep: a seed that nobody could log in with is no reason to wait.
func TestNothingToKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPhases(t, map[string]string{"smtp-user": "", "smtp-pass": ""})
		p.login(true)
		if reason, events := p.run(); reason != "" || !slices.Equal(events, []string{mirror.ChangedMirror}) || p.get(keptName) != nil {
			t.Errorf("%s %v", reason, events)
		}
		reason, _ := p.lasts(false, 3*time.Minute)
		if reason != mirror.ReasonFallbackMissing {
			t.Error(reason)
		}
		p.holds("nothing to go back to", own(), mirror.PhaseOwnRelay)
		p.edit(targetName, func(s *corev1.Secret) { s.Data["user"] = []byte("x") })
		p.run()
		p.holds("an edit is repaired all the same", own(), mirror.PhaseOwnRelay)
		p.denied[keptName] = apierrors.NewForbidden(secretsResource, keptName, errors.New("no"))
		if reason, _ := p.run(); reason != watcher.ReasonForbidden {
			t.Error(reason)
		}
	})
}

// TestALostCopyIsMadeAgain from the target that has gone back: it holds the bytes.
func TestALostCopyIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := fallen(t, early())
		p.remove(keptName)
		p.restart()
		p.login(false)
		if reason, events := p.run(); reason != mirror.ReasonOnFallback || !slices.Equal(events, []string{mirror.ChangedFallbackKept}) || !maps.Equal(texts(p.get(keptName)), early()) {
			t.Errorf("%s %v", reason, events)
		}
	})
}

// TestADryRunKeepsNothing.
func TestADryRunKeepsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPhases(t, early())
		p.DryRun = true
		p.login(true)
		result, err := p.Reconcile(t.Context())
		if err != nil || result.Reason != mirror.ReasonWouldWrite || p.get(keptName) != nil {
			t.Errorf("%s, %v", result.Reason, err)
		}
		p.holds("a dry run", early(), mirror.PhaseMothership)
	})
}
