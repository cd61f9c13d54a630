package e2e

import (
	"context"
	"crypto/rand"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
)

// layout is what is special about a site. The zero value is an empty Stalwart
// 0.16.18, the phase-1 seed, and the default configuration.
type layout struct {
	version        string // of the stand-in
	domain         string // that Stalwart serves already
	standIn        func(*stalwarttest.Options)
	tune           func(*config.Config)
	pods           bool       // Stalwart runs in a StatefulSet
	plane          *rig.Plane // nil = the shared one
	home, consumer string     // namespaces; "" = new ones
}

// site is an installation under test.
type site struct {
	*rig.Rig
	t       *testing.T
	mail    *stalwarttest.Server
	version string         // that it imitates
	secrets []string       // that may never be shown, beside those of every rig
	lives   []*rig.Process // every process that was started
}

// patience is the limit of waits whose length is not the point.
const patience = 45 * time.Second

// newSite builds a site; nothing of ours runs yet.
func newSite(t *testing.T, l layout) *site {
	t.Helper()
	if shared.absent != nil {
		t.Skip(shared.absent)
	}
	if l.plane == nil {
		l.plane = shared.plane
	}
	if l.home == "" {
		l.home, l.consumer = namespace(t, "mail"), namespace(t, "use")
	}
	mail, err := rig.StartMail(t.Context(), rig.MailOptions{Version: l.version, Dir: t.TempDir(), Domain: l.domain, StandIn: l.standIn})
	must(t, err)
	t.Cleanup(func() { _ = mail.Close() })
	r, err := rig.Start(t.Context(), rig.Options{Dir: t.TempDir(), Mail: mail, Binary: shared.binary, Pods: l.pods, Tune: l.tune, Plane: l.plane, Home: l.home, Consumer: l.consumer})
	must(t, err)
	s := &site{Rig: r, t: t, mail: rig.StandIn(mail), version: l.version}
	s.secret(r.Account.BearerToken)
	t.Cleanup(s.close)
	return s
}

// namespace makes a name that is new on every run and says whose it is.
func namespace(t *testing.T, role string) string {
	t.Helper()
	name := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '-'
	}, strings.ToLower(strings.TrimPrefix(t.Name(), "Test")))
	return strings.Trim(name[:min(len(name), 40)], "-") + "-" + role + "-" + strings.ToLower(rand.Text()[:6])
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start runs the controller.
func (s *site) start() *rig.Process {
	s.t.Helper()
	return s.startOf(s.Rig)
}

// startOf runs another replica.
func (s *site) startOf(r *rig.Rig) *rig.Process {
	s.t.Helper()
	p, err := r.Run("run", "--log-level", "debug-8")
	must(s.t, err)
	s.lives = append(s.lives, p)
	return p
}

// stop asks a process to end, which it must do soon and with exit code 0.
func (s *site) stop(p *rig.Process) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	code, err := p.Stop(ctx)
	if err != nil || code != 0 {
		s.t.Errorf("the controller ended with code %d (%v) after SIGTERM", code, err)
	}
}

// kill ends a process without a chance to say goodbye.
func (s *site) kill(p *rig.Process) {
	s.t.Helper()
	must(s.t, p.Signal(syscall.SIGKILL))
	_, err := p.Wait(s.t.Context())
	must(s.t, err)
}

// until waits for a condition; failing, it shows what the controller said last.
func (s *site) until(what string, limit time.Duration, holds func(ctx context.Context) bool) time.Duration {
	s.t.Helper()
	took, err := rig.UntilEvery(s.t.Context(), 25*time.Millisecond, what, limit, holds)
	if err != nil {
		s.t.Fatalf("%v\nstatus: %s\nlog:\n%s", err, s.page("/status"), s.log())
	}
	return took
}

// stays watches a condition that must not end for a while.
func (s *site) stays(what string, span time.Duration, holds func(ctx context.Context) bool) {
	s.t.Helper()
	_, err := rig.UntilEvery(s.t.Context(), 50*time.Millisecond, what, span, func(ctx context.Context) bool { return !holds(ctx) && ctx.Err() == nil })
	if err == nil {
		s.t.Fatalf("did not stay for %s: %s\nlog:\n%s", span, what, s.log())
	}
}

// log is the end of what the newest process has printed.
func (s *site) log() string {
	if len(s.lives) == 0 {
		return ""
	}
	const end = 6000
	text := s.lives[len(s.lives)-1].Output()
	text = text[max(0, len(text)-end):]
	for _, secret := range s.canaries() {
		text = strings.ReplaceAll(text, secret, "[CANARY]")
	}
	return text
}

// page reads a path of the controller's listener, "" while nothing answers.
func (s *site) page(path string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	text, err := s.Get(ctx, path)
	if err != nil {
		return ""
	}
	return text
}

// mirror reads the mirror, which must exist.
func (s *site) mirror() *corev1.Secret {
	s.t.Helper()
	secret, err := s.Admin.CoreV1().Secrets(s.Consumer).Get(s.t.Context(), rig.MirrorSecret, metav1.GetOptions{})
	must(s.t, err)
	return secret
}

// editSource changes the SOURCE.
func (s *site) editSource(edit func(data map[string][]byte)) {
	s.t.Helper()
	s.editSecret(s.Home, rig.SourceSecret, edit)
}

func (s *site) editSecret(namespace, name string, edit func(data map[string][]byte)) {
	s.t.Helper()
	secrets := s.Admin.CoreV1().Secrets(namespace)
	secret, err := secrets.Get(s.t.Context(), name, metav1.GetOptions{})
	must(s.t, err)
	if secret.Data == nil {
		secret.Data = map[string][]byte{}
	}
	edit(secret.Data)
	_, err = secrets.Update(s.t.Context(), secret, metav1.UpdateOptions{})
	must(s.t, err)
}

// createSecret creates one.
func (s *site) createSecret(secret *corev1.Secret) {
	s.t.Helper()
	_, err := s.Admin.CoreV1().Secrets(secret.Namespace).Create(s.t.Context(), secret, metav1.CreateOptions{})
	must(s.t, err)
}

// deleteSecret deletes one.
func (s *site) deleteSecret(namespace, name string) {
	s.t.Helper()
	must(s.t, s.Admin.CoreV1().Secrets(namespace).Delete(s.t.Context(), name, metav1.DeleteOptions{}))
}

// secretOf makes a Secret from texts.
func secretOf(namespace, name string, data map[string]string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, StringData: data}
}
