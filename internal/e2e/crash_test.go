package e2e

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

// generation is a SOURCE whose five fields all carry the same number, so that a
// mixture of two can be seen.
func generation(n int) map[string][]byte {
	i := strconv.Itoa(n)
	return map[string][]byte{"smtp-host": []byte("mail" + i + ".example.test"), "smtp-port": []byte(strconv.Itoa(20000 + n)), "smtp-from": []byte("noreply" + i + "@example.test"),
		"smtp-user": []byte("user" + i + "@example.test"), "smtp-pass": []byte(generationPass(n))}
}

func generationPass(n int) string { return "canary-Generation-" + strconv.Itoa(n) + "-pa55word" }

// generationOf reads the number, -1 where the fields are not of one generation.
func generationOf(m *corev1.Secret) int {
	n, err := strconv.Atoi(string(m.Data["smtp-port"]))
	n -= 20000
	if err != nil {
		return -1
	}
	for key, value := range generation(n) {
		if string(m.Data[key]) != string(value) {
			return -1
		}
	}
	if string(m.Data["user"]) != string(m.Data["smtp-user"]) || string(m.Data["password"]) != string(m.Data["smtp-pass"]) {
		return -1
	}
	return n
}

// crashSite is a site whose SOURCE may say anything: the probe is told where to go.
func crashSite(t *testing.T, generations int) *site {
	t.Helper()
	s := newSite(t, layout{tune: func(c *config.Config) { c.Submissions[0].Probe.ServerName = rig.MailHost }})
	for n := range generations {
		s.secret(generationPass(n))
	}
	return s
}

// witness follows every version of the mirror; the function that it returns ends
// it and gives the number of versions and those that were no single generation.
func (s *site) witness() (verdict func() (seen, mixed int)) {
	s.t.Helper()
	w, err := s.Admin.CoreV1().Secrets(s.Consumer).Watch(s.t.Context(), metav1.ListOptions{
		ResourceVersion: s.mirror().ResourceVersion, FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, rig.MirrorSecret).String()})
	must(s.t, err)
	var seen, mixed int
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range w.ResultChan() {
			m, ok := e.Object.(*corev1.Secret)
			if !ok || e.Type == watch.Deleted {
				continue
			}
			seen++
			if generationOf(m) < 0 {
				mixed++
			}
		}
	}()
	return func() (int, int) {
		w.Stop()
		<-done
		return seen, mixed
	}
}

func (s *site) mirrored(n int) func(ctx context.Context) bool {
	return func(ctx context.Context) bool {
		m := s.MirrorData(ctx)
		return m != nil && generationOf(m) == n
	}
}

// judged ends a witness.
func (s *site) judged(verdict func() (int, int)) {
	s.t.Helper()
	seen, mixed := verdict()
	s.t.Logf("%d versions of the mirror seen", seen)
	if mixed > 0 || seen == 0 {
		s.t.Errorf("%d of %d versions of the mirror are not of one generation", mixed, seen)
	}
}

// TestKilledBetweenWrites: kill -9 after the first write to Stalwart, after the
// second, and so on to the one of the mirror. The next start goes on from what it
// finds.
func TestKilledBetweenWrites(t *testing.T) {
	t.Parallel()
	const generations = 9
	s := crashSite(t, generations)
	verdict := s.witness()
	for n := range generations {
		p := s.start()
		s.until("leading", patience, func(ctx context.Context) bool { _, leader, err := s.Status(ctx); return err == nil && leader })
		writes := len(s.mailWrites())
		s.editSource(func(data map[string][]byte) { copyInto(data, generation(n)) })
		_, err := rig.UntilEvery(t.Context(), time.Millisecond, "the next write", patience, func(ctx context.Context) bool {
			return len(s.mailWrites()) > writes+n || s.mirrored(n)(ctx)
		})
		must(t, err)
		s.kill(p)
		p = s.start()
		s.until("converged after kill -9", patience, func(ctx context.Context) bool { return s.mirrored(n)(ctx) && s.converged(ctx) })
		s.stop(p)
	}
	s.judged(verdict)
}

func copyInto(data, from map[string][]byte) {
	for key, value := range from {
		data[key] = value
	}
}

// TestStoppedAtRandom: SIGTERM or kill -9 at any moment of a rotation.
func TestStoppedAtRandom(t *testing.T) {
	t.Parallel()
	const generations = 12
	s := crashSite(t, generations)
	verdict := s.witness()
	for n := range generations {
		p := s.start()
		s.until("the program runs, and hears signals", patience, func(context.Context) bool { return contains(p.Output(), `"starting"`) })
		if rand.IntN(2) == 0 { // else in the middle of the start
			s.until("leading", patience, func(ctx context.Context) bool { _, leader, err := s.Status(ctx); return err == nil && leader })
		}
		s.editSource(func(data map[string][]byte) { copyInto(data, generation(n)) })
		timer := time.NewTimer(time.Duration(rand.IntN(700)) * time.Millisecond) // the moment is the test
		select {
		case <-timer.C:
		case <-t.Context().Done():
		}
		if rand.IntN(2) == 0 {
			s.kill(p)
		} else {
			s.stop(p)
		}
	}
	s.start()
	s.until("the last generation is mirrored", patience, s.mirrored(generations-1))
	s.until("everything converges", patience, s.converged)
	s.judged(verdict)
	panics := 0
	for _, p := range s.lives {
		panics += strings.Count(p.Output(), "panic:")
	}
	if panics > 0 {
		t.Errorf("%d panics", panics)
	}
}
