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
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/watcher"
)

// early and late are what the installer has left over time.
func early() map[string]string {
	return map[string]string{"smtp-user": "mothership", "smtp-pass": mothership}
}

func late() map[string]string {
	return map[string]string{"smtp-user": "mothership", "smtp-pass": mothership, "smtp-host": "mail.openova.io", "smtp-port": "587", "smtp-from": "noreply@openova.io"}
}

// own is what our own relay's bytes are.
func own() map[string]string {
	return map[string]string{"smtp-host": "mail.omantel.omani.works", "smtp-port": "587", "smtp-from": "noreply@omantel.omani.works",
		"smtp-user": "noreply", "smtp-pass": canary, "user": "noreply", "password": canary}
}

// TestFallback walks from the seed to our own relay, back, and to it again, with
// another process at every step; what the seed had returns to the letter.
func TestFallback(t *testing.T) {
	odd := early()
	maps.Copy(odd, map[string]string{"user": "mothership", "password": mothership, "SMTP_USER": "mothership", "somebody-elses": "kept"})
	for name, seed := range map[string]map[string]string{"early": early(), "late": late(), "odd": odd} {
		for _, restarts := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := newPhases(t, seed)
					again := func() {
						if restarts {
							p.restart()
						}
					}
					walk(p, seed, again)
				})
			})
		}
	}
}

func walk(p *phases, seed map[string]string, again func()) {
	p.t.Helper()
	ours := own()
	for _, key := range []string{"SMTP_USER", "somebody-elses"} {
		if value, ok := seed[key]; ok {
			ours[key] = value // an apply that does not name it leaves it
		}
	}
	expect := func(reason string, events []string, wantReason string, wantEvents ...string) {
		p.t.Helper()
		if reason != wantReason || !slices.Equal(events, wantEvents) {
			p.t.Fatalf("%q and %q, want %q and %q", reason, events, wantReason, wantEvents)
		}
	}
	reason, events := p.lasts(false, time.Hour)
	expect(reason, events, mirror.ReasonAwaitingProof)
	p.holds("a relay that was never proven", seed, mirror.PhaseMothership)
	p.login(true)
	reason, events = p.run()
	expect(reason, events, "", mirror.ChangedFallbackKept, mirror.ChangedMirror)
	p.holds("cut over", ours, mirror.PhaseOwnRelay)
	for key, value := range texts(p.get(keptName)) {
		if key == "somebody-elses" || seed[key] != value {
			p.t.Errorf("the copy has another %s than the seed", key)
		}
	}
	for round := range 2 {
		again()
		reason, events = p.lasts(false, 2*time.Minute-time.Second)
		expect(reason, events, "")
		p.holds("not for long enough", ours, mirror.PhaseOwnRelay)
		reason, events = p.lasts(false, time.Minute)
		expect(reason, events, mirror.ReasonOnFallback, mirror.ChangedFellBack)
		p.holds("gone back", seed, mirror.PhaseMothership)
		p.back()
		again()
		reason, events = p.lasts(true, 2*time.Minute-time.Second)
		expect(reason, events, mirror.ReasonOnFallback)
		p.holds("it works, not for long enough", seed, mirror.PhaseMothership)
		reason, events = p.lasts(true, time.Minute)
		expect(reason, events, "", mirror.ChangedReturned)
		p.holds("returned", ours, mirror.PhaseOwnRelay)
		if got, want := p.get(targetName).Annotations[mirror.AnnotationGeneration], []string{"3", "5"}[round]; got != want {
			p.t.Errorf("generation %s, want %s", got, want)
		}
	}
}

// back checks the marks of a target that has gone back.
func (p *phases) back() {
	p.t.Helper()
	s := p.get(targetName)
	labels := map[string]string{"app.kubernetes.io/managed-by": "catalyst-api", "catalyst.openova.io/seed-phase": "phase-1-mothership-relay", "extra": "label"}
	annotations := map[string]string{"catalyst.openova.io/seed-phase": "phase-1-mothership-relay", "helm.sh/resource-policy": "keep"}
	have := maps.Clone(s.Annotations)
	delete(have, mirror.AnnotationGeneration)
	if !maps.Equal(s.Labels, labels) || !maps.Equal(have, annotations) {
		p.t.Errorf("gone back: labels %v, annotations %v", s.Labels, s.Annotations)
	}
}

// TestReturnNeedsTheSource: while the SOURCE cannot be used, or its credentials are
// not the proven ones, the target stays back.
func TestReturnNeedsTheSource(t *testing.T) {
	rows := map[string]func() (*corev1.Secret, error){
		"missing": func() (*corev1.Secret, error) { return nil, nil },
		"invalid": func() (*corev1.Secret, error) { return source("x\n"), nil },
		"changed": func() (*corev1.Secret, error) { return source(canary + " new"), nil },
		"denied":  func() (*corev1.Secret, error) { return nil, &watcher.DeniedError{Err: errors.New("no")} },
	}
	for name, read := range rows {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := fallen(t, late())
				good := p.Source
				p.Source = read
				if reason, events := p.lasts(true, 5*time.Minute); reason != mirror.ReasonOnFallback || len(events) > 0 {
					t.Errorf("%s %v", reason, events)
				}
				p.Source = good
				if reason, _ := p.run(); reason != "" {
					t.Errorf("mended: %s", reason)
				}
				p.holds("mended", own(), mirror.PhaseOwnRelay)
			})
		})
	}
}

// TestALostSourceIsARelayThatFails only where no login is accepted: the last good
// bytes stay as long as they are good.
func TestALostSourceIsARelayThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPhases(t, late())
		p.login(true)
		p.run()
		p.Source = func() (*corev1.Secret, error) { return nil, nil }
		for range 20 {
			p.Ledger.Attempt("console", true, time.Now())
			reason, _ := p.run()
			if reason != submission.ReasonSourceMissing {
				t.Fatal(reason)
			}
			time.Sleep(time.Minute)
		}
		p.holds("they log in", own(), mirror.PhaseOwnRelay)
		if reason, _ := p.lasts(false, 3*time.Minute); reason != mirror.ReasonOnFallback {
			t.Error(reason)
		}
		p.holds("they do not", late(), mirror.PhaseMothership)
	})
}

// TestAsking: a mirror with a fallback asks for a login when the newest is old, also
// while it waits for something that would not wake it.
func TestAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPhases(t, late())
		p.login(true)
		p.run() // its write wakes it again
		result, _ := p.Reconcile(t.Context())
		if p.asked != 0 || result.After != time.Minute {
			t.Errorf("asked %d times, again after %s", p.asked, result.After)
		}
		time.Sleep(time.Minute)
		p.Source = func() (*corev1.Secret, error) { return nil, nil }
		_, err := p.Reconcile(t.Context())
		var wait interface{ Hold() time.Duration }
		if p.asked != 1 || !errors.As(err, &wait) || wait.Hold() != time.Minute || watcher.ReasonOf(err) != submission.ReasonSourceMissing {
			t.Errorf("asked %d times: %v", p.asked, err)
		}
		p.Source = func() (*corev1.Secret, error) { return nil, apierrors.NewServiceUnavailable("away") }
		_, err = p.Reconcile(t.Context())
		if errors.As(err, &wait) {
			t.Error("a failure has become a wait")
		}
	})
}
