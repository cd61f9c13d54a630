package conformance

import (
	"context"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/rotation"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/stalwartsync"
	"github.com/openova-io/smtp-mirror/statesecret"
	"github.com/openova-io/smtp-mirror/submission"
)

func rotations() []scenario {
	return []scenario{
		{name: "a rotated password refuses nobody", run: turned},
		{name: "a rotation while another is under way ends in the newest", run: rotatedTwice},
		{name: "a restart in the middle of a rotation goes on", run: rotatedAcrossRestart},
		{name: "a mirror that lags behind is not cut off", run: adopted},
		{name: "an issued credential is renewed beside the old one", run: issued},
		{name: "an app password that somebody has ended is replaced", run: appPasswordRevoked},
	}
}

// stateSecret is the API of one Secret, with versions.
type stateSecret struct {
	corev1client.SecretInterface
	stored  *corev1.Secret
	version int
}

func (f *stateSecret) Get(context.Context, string, metav1.GetOptions) (*corev1.Secret, error) {
	if f.stored == nil {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, "state")
	}
	return f.stored.DeepCopy(), nil
}

func (f *stateSecret) Apply(_ context.Context, c *corev1ac.SecretApplyConfiguration, _ metav1.ApplyOptions) (*corev1.Secret, error) {
	if c.ResourceVersion != nil && (f.stored == nil || *c.ResourceVersion != f.stored.ResourceVersion) {
		return nil, apierrors.NewConflict(schema.GroupResource{Resource: "secrets"}, "state", nil)
	}
	f.version++
	f.stored = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "state", ResourceVersion: strconv.Itoa(f.version)}, Data: c.Data}
	return f.stored.DeepCopy(), nil
}

// turning is a submission whose credentials replace each other, and its mirror.
type turning struct {
	*rig
	state  *stateSecret
	mirror *corev1.Secret
}

const overlap = 1500 * time.Millisecond

func newTurning(t *testing.T, s *suite, isIssued bool) *turning {
	t.Helper()
	r := &turning{rig: newRig(t, s), state: &stateSecret{}}
	r.relay.Rotation = r.rotation(isIssued)
	return r
}

func (r *turning) rotation(isIssued bool) *stalwartsync.Rotation {
	return &stalwartsync.Rotation{Store: &statesecret.Store{Secrets: r.state, Name: "state", Key: rotation.KeyState}, Issued: isIssued, Overlap: overlap, Every: time.Hour,
		Copies: []stalwartsync.Copy{{Read: func() (*corev1.Secret, error) { return r.mirror, nil }, Live: func(context.Context) (*corev1.Secret, error) { return r.mirror, nil }}}, Running: func() int64 { return rotation.Nobody }}
}

// turn lets the relay run and the mirror follow, and returns what the mirror then
// holds: it logs in.
func (r *turning) turn(t *testing.T) string {
	t.Helper()
	r.run(t).converged(t)
	proof := r.relay.Ledger.Latest(r.relay.Submission)
	held := proof.Mirrored().Password.Reveal()
	r.secrets = append(r.secrets, redact.New(held))
	r.mirror = &corev1.Secret{Data: map[string][]byte{submission.KeyUser: []byte(r.user()), submission.KeyPass: []byte(held)}}
	r.accepts(t, smtpprobe.Accepted, held)
	return held
}

// settle turns until the mirror holds the SOURCE's bytes and nothing is left over.
func (r *turning) settle(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if r.turn(t) == r.password() && len(r.appNames(t)) == 0 {
			r.run(t).converged(t).wroteNothing(t)
			return
		}
		time.Sleep(overlap / 5)
	}
	t.Fatal("it does not come to rest")
}

func turned(t *testing.T, s *suite) {
	r := newTurning(t, s, false)
	old := r.turn(t)
	r.turn(t)
	r.rotate("another Correct Horse Battery 77")
	bridge := r.turn(t)
	if bridge == old || (bridge == r.password()) != (s.Generation() == stalwart.Gen015) {
		t.Error("the mirror holds the wrong generation")
	}
	r.accepts(t, smtpprobe.Accepted, old)
	r.turn(t) // the old one has left the mirror just now
	r.accepts(t, smtpprobe.Accepted, old)
	r.settle(t)
	for _, gone := range []string{old, bridge} {
		if gone != r.password() {
			r.accepts(t, smtpprobe.PasswordRefused, gone)
		}
	}
}

func rotatedTwice(t *testing.T, s *suite) {
	r := newTurning(t, s, false)
	first := r.turn(t)
	r.rotate("another Correct Horse Battery 77")
	second := r.turn(t)
	r.rotate("a third Correct Horse Battery 78")
	r.turn(t)
	r.accepts(t, smtpprobe.Accepted, first)
	r.accepts(t, smtpprobe.Accepted, second)
	r.settle(t)
}

func rotatedAcrossRestart(t *testing.T, s *suite) {
	r := newTurning(t, s, false)
	old := r.turn(t)
	r.rotate("another Correct Horse Battery 77")
	held := r.turn(t)
	must(t, s.Restart(t.Context()))
	r.relay = r.newRelay() // and we were restarted too
	r.relay.Rotation = r.rotation(false)
	if got := r.turn(t); got != held {
		t.Error("the mirror holds another generation after the restart")
	}
	r.accepts(t, smtpprobe.Accepted, old)
	r.settle(t)
}

// adopted begins without a state: the SOURCE was rotated while nobody looked.
func adopted(t *testing.T, s *suite) {
	r := newTurning(t, s, false)
	old := r.turn(t)
	r.state.stored = nil
	r.relay = r.newRelay()
	r.relay.Rotation = r.rotation(false)
	r.rotate("another Correct Horse Battery 77")
	r.turn(t)
	r.accepts(t, smtpprobe.Accepted, old)
	r.settle(t)
}

func issued(t *testing.T, s *suite) {
	r := newTurning(t, s, true)
	first := r.turn(t)
	if first == r.password() {
		t.Fatal("the SOURCE's password is mirrored")
	}
	r.accepts(t, smtpprobe.Accepted, r.password())
	r.age(t, time.Hour) // it is due
	second := r.turn(t)
	if second == first {
		t.Error("it was not renewed")
	}
	r.accepts(t, smtpprobe.Accepted, first)
	r.turn(t)
	time.Sleep(overlap + 100*time.Millisecond) // the overlap, on the server's side of the world
	r.turn(t)
	r.accepts(t, smtpprobe.PasswordRefused, first)
	if n := len(r.appNames(t)); n != 1 {
		t.Errorf("%d app passwords are left", n)
	}
}

// age makes every generation older.
func (r *turning) age(t *testing.T, by time.Duration) {
	t.Helper()
	state, err := rotation.DecodeState(r.state.stored.Data[rotation.KeyState])
	must(t, err)
	for i := range state.Generations {
		state.Generations[i].Created = state.Generations[i].Created.Add(-by)
	}
	r.state.stored.Data[rotation.KeyState] = state.Encode()
}

func appPasswordRevoked(t *testing.T, s *suite) {
	r := newTurning(t, s, true)
	first := r.turn(t)
	all, err := r.directory(t).AppPasswords(t.Context(), r.account(t))
	must(t, err)
	must(t, r.directory(t).DestroyAppPassword(t.Context(), r.account(t), all[0]))
	second := r.turn(t)
	if (second == first) != (s.Generation() == stalwart.Gen015) {
		t.Error("0.15 puts the same bytes back, 0.16 makes new ones")
	}
}
