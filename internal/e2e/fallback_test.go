package e2e

import (
	"bytes"
	"context"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

const (
	keptSecret = "the-bytes-of-phase-1"
	phaseMark  = "catalyst.openova.io/seed-phase"
	phaseOne   = "phase-1-mothership-relay"
)

// withFallback lets the mirror go back to phase 1 soon.
func withFallback(after time.Duration) func(c *config.Config) {
	return func(c *config.Config) {
		c.Submissions[0].Mirrors[0].Fallback = config.Fallback{Enabled: true, After: &config.Duration{Duration: after}, Secret: keptSecret}
	}
}

// back reports whether the mirror is the seed again: its bytes, no key more, and
// both marks.
func (s *site) back(seed map[string][]byte) func(ctx context.Context) bool {
	return func(ctx context.Context) bool {
		m := s.MirrorData(ctx)
		return m != nil && maps.EqualFunc(m.Data, seed, bytes.Equal) && m.Labels[phaseMark] == phaseOne && m.Annotations[phaseMark] == phaseOne
	}
}

func (s *site) own() func(ctx context.Context) bool {
	return func(ctx context.Context) bool { return s.MirrorHolds(ctx, rig.FirstPassword) && s.converged(ctx) }
}

// TestFallback: Stalwart is away for longer than the mirror waits, so it is the
// seed again, to the byte; Stalwart is back, and so is phase 2. The controller is
// killed in between, and the mirror edited and deleted.
func TestFallback(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(data map[string][]byte){
		"a seed with all keys": func(map[string][]byte) {},
		"a seed with a login only": func(data map[string][]byte) {
			delete(data, "smtp-host")
			delete(data, "smtp-port")
			delete(data, "smtp-from")
		},
		"a seed with legacy keys": func(data map[string][]byte) {
			data["user"], data["password"] = data["smtp-user"], data["smtp-pass"]
			data["somebody-elses"] = []byte("kept")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, layout{tune: withFallback(2 * time.Second)})
			s.editSecret(s.Consumer, rig.MirrorSecret, edit)
			seed := s.mirror().Data
			p := s.start()
			s.settled()
			s.awaitEvent("FallbackKept", "Secret", keptSecret, rig.MirrorSecret)
			s.fallBack(p, seed)
			s.comeBack(seed)
		})
	}
}

// fallBack takes Stalwart away, kills the controller before and after the mirror
// has gone back, and disturbs the mirror.
func (s *site) fallBack(p *rig.Process, seed map[string][]byte) {
	s.t.Helper()
	must(s.t, s.Rig.Mail.Stop())
	s.stays("our own bytes, at first", time.Second, func(ctx context.Context) bool { return s.MirrorHolds(ctx, rig.FirstPassword) })
	s.kill(p)
	p = s.start()
	took := s.until("the mirror is the seed again", patience, s.back(seed))
	s.t.Logf("Stalwart away, the controller killed after 1s -> gone back: %s after its start", took.Round(time.Millisecond))
	s.await(s.mirrorTarget(), "Held", "OnFallback")
	s.awaitEvent("FellBack", "Secret", rig.MirrorSecret, "smtp-pass")
	if m := s.mirror(); m.Labels["catalyst.openova.io/component"] != "" || m.Annotations["smtp-mirror.openova.io/source"] != "" || m.Labels["app.kubernetes.io/managed-by"] != "catalyst-api" {
		s.t.Errorf("labels %v, annotations %v", m.Labels, m.Annotations)
	}
	s.editSecret(s.Consumer, rig.MirrorSecret, func(data map[string][]byte) { data["password"], data["smtp-user"] = []byte("x"), []byte("y") })
	s.until("an edit is repaired", patience, s.back(seed))
	s.kill(p)
	s.editSecret(s.Consumer, rig.MirrorSecret, func(data map[string][]byte) { delete(data, "smtp-pass") })
	s.start()
	s.until("the next process repairs too", patience, s.back(seed))
	s.deleteSecret(s.Consumer, rig.MirrorSecret)
	delete(seed, "somebody-elses") // that was not ours to keep
	s.until("a deletion is repaired", patience, s.back(seed))
}

// comeBack lets Stalwart run again.
func (s *site) comeBack(seed map[string][]byte) {
	s.t.Helper()
	must(s.t, s.Rig.Mail.Start(s.t.Context()))
	s.stays("the seed, at first", time.Second, s.back(seed))
	took := s.until("phase 2 again", patience, s.own())
	s.t.Logf("Stalwart answers -> returned: %s", (took + time.Second).Round(time.Millisecond))
	s.awaitEvent("ReturnedToOwnRelay", "Secret", rig.MirrorSecret, "smtp-pass")
	kept, err := s.Admin.CoreV1().Secrets(s.Consumer).Get(s.t.Context(), keptSecret, metav1.GetOptions{})
	must(s.t, err)
	if !maps.EqualFunc(kept.Data, seed, bytes.Equal) {
		s.t.Error("the copy is not the seed")
	}
}

// TestFallbackDoesNotFlap: Stalwart comes and goes; the mirror changes sides once
// per time that it waits, at the most, and every version of it is one side's.
func TestFallbackDoesNotFlap(t *testing.T) {
	t.Parallel()
	const after = 2 * time.Second
	s := newSite(t, layout{tune: withFallback(after)})
	seed := s.mirror().Data
	s.start()
	s.settled()
	begin, verdict := time.Now(), s.sides(seed)
	for dice := rand.New(rand.NewPCG(4, 6)); time.Since(begin) < 20*time.Second; { //nolint:gosec // reproducible, not secret
		must(t, s.Rig.Mail.Stop())
		pause(t.Context(), time.Duration(200+dice.IntN(1200))*time.Millisecond)
		must(t, s.Rig.Mail.Start(t.Context()))
		pause(t.Context(), time.Duration(200+dice.IntN(1200))*time.Millisecond)
	}
	switches, mixed := verdict()
	most := int(time.Since(begin)/after) + 1
	t.Logf("%d changes of sides in %s, at most %d", switches, time.Since(begin).Round(time.Second), most)
	if switches > most || mixed > 0 {
		t.Errorf("%d changes of sides, at most %d; %d mixed versions", switches, most, mixed)
	}
	s.until("at rest on our own relay", patience, s.own())
}

// sides follows every version of the mirror; the function that it returns ends it.
func (s *site) sides(seed map[string][]byte) (verdict func() (switches, mixed int)) {
	s.t.Helper()
	w, err := s.Admin.CoreV1().Secrets(s.Consumer).Watch(s.t.Context(), metav1.ListOptions{
		ResourceVersion: s.mirror().ResourceVersion, FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, rig.MirrorSecret).String()})
	must(s.t, err)
	var done sync.WaitGroup
	var switches, mixed int
	done.Go(func() {
		last := false
		for e := range w.ResultChan() {
			m, ok := e.Object.(*corev1.Secret)
			if !ok {
				continue
			}
			one := m.Labels[phaseMark] == phaseOne
			if one && !maps.EqualFunc(m.Data, seed, bytes.Equal) || !one && (string(m.Data["smtp-pass"]) != rig.FirstPassword || string(m.Data["password"]) != rig.FirstPassword) {
				mixed++
			}
			if one != last {
				switches, last = switches+1, one
			}
		}
	})
	return func() (int, int) {
		w.Stop()
		done.Wait()
		return switches, mixed
	}
}

// TestFallbackBelievesLoginsOnly: the administrator's Secret and the SOURCE are
// gone for longer than the mirror waits, and consumers are well served all the time:
// nothing is taken from them.
func TestFallbackBelievesLoginsOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{tune: withFallback(time.Second)})
	s.start()
	s.settled()
	version := s.mirror().ResourceVersion
	s.deleteSecret(s.Home, rig.AdminSecret)
	s.deleteSecret(s.Home, rig.SourceSecret)
	s.await(relayTarget, "Held", "SourceMissing")
	s.stays("our own bytes", 4*time.Second, func(ctx context.Context) bool {
		m := s.MirrorData(ctx)
		return m != nil && m.ResourceVersion == version
	})
	seed := rig.Seed().Data
	must(s.t, s.Rig.Mail.Stop())
	s.until("the mirror is the seed again", patience, s.back(seed))
}
