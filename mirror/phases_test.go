package mirror_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/kubernetes/fake"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/openova-io/smtp-mirror/mirror"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/watcher"
)

const (
	keptName   = "sovereign-smtp-credentials-phase1"
	targetName = "sovereign-smtp-credentials"
	mothership = canary + " of phase 1"
)

// phases is a mirror with a fallback, on an API that does server-side apply as the
// real one does it.
type phases struct {
	*world
	t      *testing.T
	api    corev1client.SecretInterface
	refuse map[string]error // by name: writes
	denied map[string]error // by name: reads
	seen   []*corev1.Secret // every version of the target that a write of ours made
	asked  int
	during func() // happens while a write of the target is under way
}

func newPhases(t *testing.T, seed map[string]string) *phases {
	p := &phases{world: newWorld(), t: t, api: fake.NewClientset().CoreV1().Secrets("catalyst-system"), refuse: map[string]error{}, denied: map[string]error{}}
	p.restart()
	if seed != nil {
		p.create(seed)
	}
	return p
}

// create puts a seed there as the installer does.
func (p *phases) create(seed map[string]string) {
	p.t.Helper()
	s := &corev1.Secret{Type: corev1.SecretTypeOpaque, ObjectMeta: metav1.ObjectMeta{Namespace: "catalyst-system", Name: targetName,
		Labels:      map[string]string{"app.kubernetes.io/managed-by": "catalyst-api"},
		Annotations: map[string]string{"catalyst.openova.io/seed-phase": "phase-1-mothership-relay"}}, Data: map[string][]byte{}}
	for key, value := range seed {
		s.Data[key] = []byte(value)
	}
	_, err := p.api.Create(p.t.Context(), s, metav1.CreateOptions{FieldManager: "catalyst-api"})
	p.must(err)
}

// restart is another process: it remembers nothing.
func (p *phases) restart() {
	old := p.world
	p.world = newWorld()
	p.source = old.source
	p.Secrets = &spy{p.api, p}
	p.Target = func() (*corev1.Secret, error) { return cached(p.get(targetName)), nil }
	p.Wish.Labels = map[string]string{"extra": "label"}
	p.Fallback = &mirror.Fallback{After: 2 * time.Minute, Secret: keptName, Ask: func() { p.asked++ }}
}

// cached is what a watch keeps of a Secret: of the managed fields, those of applies.
func cached(s *corev1.Secret) *corev1.Secret {
	if s != nil {
		s.ManagedFields = slices.DeleteFunc(s.ManagedFields, func(e metav1.ManagedFieldsEntry) bool { return e.Operation != metav1.ManagedFieldsOperationApply })
	}
	return s
}

func (p *phases) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// get reads past the spy; nil where there is none.
func (p *phases) get(name string) *corev1.Secret {
	p.t.Helper()
	s, err := p.api.Get(p.t.Context(), name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	p.must(err)
	return s
}

// edit is somebody else's update.
func (p *phases) edit(name string, change func(s *corev1.Secret)) {
	p.t.Helper()
	s := p.get(name)
	change(s)
	_, err := p.api.Update(p.t.Context(), s, metav1.UpdateOptions{FieldManager: "somebody"})
	p.must(err)
}

func (p *phases) remove(name string) {
	p.t.Helper()
	p.must(p.api.Delete(p.t.Context(), name, metav1.DeleteOptions{}))
}

// run reconciles and gives the reason that it holds for, and the Events.
func (p *phases) run() (reason string, events []string) {
	p.t.Helper()
	result, err := p.Reconcile(p.t.Context())
	for _, c := range result.Changes {
		events = append(events, c.Reason)
	}
	if err == nil {
		return "", events
	}
	return watcher.ReasonOf(err), events
}

// login is what the relay does.
func (p *phases) login(accepted bool) {
	if accepted {
		p.provenNow()
		return
	}
	p.Ledger.Attempt("console", false, time.Now())
}

func (p *phases) provenNow() {
	c := noreply()
	c.Password = redact.New(string(p.source.Data["smtp-pass"]))
	p.Ledger.Record("console", submission.Proof{SourceUID: "source-uid", Credentials: c, At: time.Now()})
}

// lasts gives the same answer for a while, and runs each time; it ends with the
// last run.
func (p *phases) lasts(accepted bool, span time.Duration) (reason string, events []string) {
	p.t.Helper()
	for begin := time.Now(); ; time.Sleep(span / 4) {
		p.login(accepted)
		reason, more := p.run()
		events = append(events, more...)
		if time.Since(begin) >= span {
			return reason, events
		}
	}
}

// spy stands between the mirror and the API.
type spy struct {
	corev1client.SecretInterface
	p *phases
}

func (s *spy) Get(ctx context.Context, name string, o metav1.GetOptions) (*corev1.Secret, error) {
	if err := s.p.denied[name]; err != nil {
		return nil, err
	}
	return s.SecretInterface.Get(ctx, name, o)
}

func (s *spy) Apply(ctx context.Context, c *corev1ac.SecretApplyConfiguration, o metav1.ApplyOptions) (*corev1.Secret, error) {
	if err := s.p.refuse[*c.Name]; err != nil || len(o.DryRun) > 0 {
		return nil, err // the clientset does not know of dry runs
	}
	if do := s.p.during; do != nil && *c.Name == targetName {
		s.p.during = nil
		do()
	}
	return s.note(s.SecretInterface.Apply(ctx, c, o))
}

func (s *spy) Patch(ctx context.Context, name string, t types.PatchType, data []byte, o metav1.PatchOptions, sub ...string) (*corev1.Secret, error) {
	return s.note(s.SecretInterface.Patch(ctx, name, t, data, o, sub...))
}

func (s *spy) note(made *corev1.Secret, err error) (*corev1.Secret, error) {
	if err == nil && made.Name == targetName {
		s.p.seen = append(s.p.seen, made.DeepCopy())
	}
	return made, err
}

// texts are the bytes of a Secret.
func texts(s *corev1.Secret) map[string]string {
	if s == nil {
		return nil
	}
	all := map[string]string{}
	for key, value := range s.Data {
		all[key] = string(value)
	}
	return all
}

// holds fails where the target holds other bytes, or the marks of the other phase.
func (p *phases) holds(what string, want map[string]string, phase string) {
	p.t.Helper()
	s := p.get(targetName)
	if s == nil || !maps.Equal(texts(s), want) {
		p.t.Fatalf("%s: the target holds other bytes: it has the keys %v", what, slices.Sorted(maps.Keys(texts(s))))
	}
	const mark = "catalyst.openova.io/seed-phase"
	if s.Annotations[mark] != phase || s.Labels[mark] != phase && phase == mirror.PhaseOwnRelay || s.Labels["app.kubernetes.io/managed-by"] != "catalyst-api" {
		p.t.Errorf("%s: labels %v, annotations %v", what, s.Labels, s.Annotations)
	}
}

// make creates any Secret.
func (p *phases) make(s *corev1.Secret) {
	p.t.Helper()
	_, err := p.api.Create(p.t.Context(), s, metav1.CreateOptions{FieldManager: "somebody"})
	p.must(err)
}
