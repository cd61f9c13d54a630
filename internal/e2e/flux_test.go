package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/workload"
)

// withFlux has a HelmRelease that renders what a Deployment reads, and a Kustomization.
func withFlux(c *config.Config) {
	s := &c.Submissions[0]
	s.Rotation.Overlap.Duration = time.Second
	m := &s.Mirrors[0]
	via := config.Via{Namespace: m.Namespace, Name: renderedSecret, Keys: config.ViaKeys{User: renderedUser, Pass: renderedPass}}
	m.Consumers = []config.Consumer{{Kind: workload.Deployment, Namespace: m.Namespace, Name: consumerName, Via: via}}
	for kind, name := range fluxKinds() {
		m.Consumers = append(m.Consumers, config.Consumer{Kind: kind, Namespace: m.Namespace, Name: name})
	}
}

// deploy makes a Deployment whose Pods pretend to run.
func (s *site) deploy(name string) {
	s.t.Helper()
	labels, grace := map[string]string{"app": name}, int64(0)
	_, err := s.Admin.AppsV1().Deployments(s.Consumer).Create(s.t.Context(), &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: appsv1.DeploymentSpec{
		Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{TerminationGracePeriodSeconds: &grace,
			Containers: []corev1.Container{{Name: "c", Image: "c"}}}},
	}}, metav1.CreateOptions{})
	must(s.t, err)
}

// TestFluxIsAskedFirst: what renders is asked once per generation, what reads the
// rendered is rolled after that, and the old credential ends last; also with kinds
// that are not installed yet, a controller that is killed, and a state that is lost.
func TestFluxIsAskedFirst(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{version: "0.16.18", domain: rig.Domain, tune: withFlux})
	s.deploy(consumerName)
	p := s.start()
	for kind, name := range fluxKinds() {
		s.await("consumer/console/"+s.Consumer+"/"+workload.Resource(kind)+"/"+name, "Held", "FluxNotInstalled")
	}
	s.until("the mirror is there all the same", patience, func(ctx context.Context) bool { return s.MirrorHolds(ctx, rig.FirstPassword) })
	f := s.installFlux()
	s.kill(p)
	p = s.start()
	s.until("everything is asked and rolled", patience, f.atRest(rig.FirstPassword))

	rotate := func(password string, between func()) {
		s.secret(password)
		must(t, s.SetSource(t.Context(), password))
		between()
		s.until("the rotation to "+password+" is over", time.Minute, f.atRest(password))
	}
	rotate("canary-of-flux-1-Correct-Horse", func() {
		pause(t.Context(), 1500*time.Millisecond)
		s.kill(p)
		p = s.start()
	})
	told := len(f.tale())
	s.kill(p)
	p = s.start()
	s.until("everything converges after a restart", patience, s.converged)
	s.stays("nobody is asked again", 2*time.Second, func(context.Context) bool { return len(f.tale()) == told })
	s.deleteSecret(s.Home, "smtp-mirror-console")
	rotate("canary-of-flux-2-Correct-Horse", func() {})
	f.check()
}

// atRest reports whether a password is the only credential, and everybody has it.
func (f *fluxStandIn) atRest(password string) func(ctx context.Context) bool {
	return func(ctx context.Context) bool {
		rendered, err := f.Admin.CoreV1().Secrets(f.Consumer).Get(ctx, renderedSecret, metav1.GetOptions{})
		a, _ := f.mail.Account("noreply@" + rig.Domain)
		return err == nil && string(rendered.Data[renderedPass]) == password && f.MirrorHolds(ctx, password) && a.Credentials == 1 && f.converged(ctx)
	}
}

func (f *fluxStandIn) tale() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.story...)
}

// check compares the story with how it should go: for every generation each is asked
// once, the Secret is rendered after that, and then who reads it is rolled.
func (f *fluxStandIn) check() {
	f.t.Helper()
	story := f.tale()
	seen := map[string]bool{}
	var then, release, rolls string
	for _, line := range story {
		what, number, _ := strings.Cut(line, " ")
		switch who, number, _ := strings.Cut(number, " "); {
		case seen[line] && what != "rendered":
			f.t.Errorf("%q happened twice", line)
		case what == "asked" && who == workload.HelmRelease:
			release, then = number, what
		case what == "rendered" && then == "asked":
			then = what
		case what == "rolled" && (then != "rendered" || number != release):
			f.t.Errorf("%q came before it was rendered", line)
		case what == "rolled":
			rolls += number + " "
		}
		seen[line] = true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refused > 0 || f.logins < 10 {
		f.t.Errorf("%d of %d logins were refused", f.refused, f.logins)
	}
	if !strings.HasPrefix(rolls, "1 2 3 ") || len(rolls) < len("1 2 3 4 ") {
		f.t.Errorf("rolled for %s", rolls)
	}
	f.t.Logf("%d logins; %s", f.logins, strings.Join(story, ", "))
}
