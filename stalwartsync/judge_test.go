package stalwartsync

import (
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/rotation"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/statesecret"
	"github.com/openova-io/smtp-mirror/submission"
)

func sourceOf(password string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{UID: "uid"}, Data: map[string][]byte{"smtp-host": []byte("mail.example.test"), "smtp-port": []byte("587"),
		"smtp-from": []byte("noreply@example.test"), "smtp-user": []byte("noreply"), "smtp-pass": []byte(password)}}
}

// judged is a relay whose management API cannot be reached, and what the ledger
// then says of its logins.
func judged(t *testing.T, ctx context.Context, source func() (*corev1.Secret, error), proven, kept, accepts string) (submission.Health, int) {
	t.Helper()
	fleet, err := stalwart.NewFleet(stalwart.Options{URL: "http://127.0.0.1:1", Gate: (&stalwart.Gates{}).Named("admin"),
		Credential: func() (stalwart.Credential, error) { return stalwart.Credential{}, errors.New("no administrator") }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fleet.CloseAll)
	news := 0
	r := &Relay{Submission: "s", Source: source, Wish: func() (Wish, error) { return Wish{Domain: "example.test"}, nil }, Fleet: fleet, Ledger: &submission.Ledger{},
		Gate: (&stalwart.Gates{}).Named("login"), Judged: func() { news++ },
		Request: func(submission.Credentials) (smtpprobe.Request, error) { return smtpprobe.Request{}, nil },
		Probe: func(ctx context.Context, q smtpprobe.Request) smtpprobe.Result {
			switch {
			case accepts == "", ctx.Err() != nil:
				return smtpprobe.Result{Verdict: smtpprobe.Unreachable}
			case q.User == "noreply" && q.Password.Equal(redact.New(accepts)) && len(q.Senders) == 1:
				return smtpprobe.Result{Verdict: smtpprobe.Accepted}
			}
			return smtpprobe.Result{Verdict: smtpprobe.PasswordRefused}
		}}
	if kept != "" {
		state := rotation.State{}
		state.Generations, state.Current, state.Last = []rotation.Generation{{Number: 1, Slot: rotation.App, User: "noreply", Password: redact.New(kept)}}, 1, 1
		secrets := fake.NewClientset(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "state"}, Data: map[string][]byte{rotation.KeyState: state.Encode()}}).CoreV1().Secrets("ns")
		r.Rotation = &Rotation{Store: &statesecret.Store{Secrets: secrets, Namespace: "ns", Name: "state", Key: rotation.KeyState}}
	}
	if proven != "" {
		c, _ := submission.FromSecret(sourceOf("the SOURCE's").Data, "example.test")
		r.Ledger.Record("s", submission.Proof{SourceUID: "uid", Credentials: c, Login: redact.New(proven), At: time.Unix(1, 0)})
	}
	if _, err := r.Reconcile(ctx); err == nil {
		t.Fatal("it converged")
	}
	return r.Ledger.Health("s"), news
}

// TestALoginIsJudgedWhateverTheTrouble: only a login says whether consumers are
// refused; where none can be tried nothing is said.
func TestALoginIsJudgedWhateverTheTrouble(t *testing.T) {
	good := func() (*corev1.Secret, error) { return sourceOf(canary), nil }
	gone := func() (*corev1.Secret, error) { return nil, nil }
	bad := func() (*corev1.Secret, error) { return &corev1.Secret{}, nil }
	unread := func() (*corev1.Secret, error) { return nil, errors.New("the API server is away") }
	ended, end := context.WithCancel(t.Context())
	end()
	late, done := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer done()
	rows := []struct {
		name                  string
		ctx                   context.Context
		source                func() (*corev1.Secret, error)
		proven, kept, accepts string
		answered, want        bool
	}{
		{"the management API is away, the login works", t.Context(), good, "", "", canary, true, true},
		{"and with what was proven last", t.Context(), good, "a bridge", "", "a bridge", true, true},
		{"and with what the state holds", t.Context(), good, "", "a bridge", "a bridge", true, true},
		{"what was proven last comes first", t.Context(), good, "the next", "a bridge", "the next", true, true},
		{"the password is refused", t.Context(), good, "", "", "another", true, false},
		{"nothing answers", t.Context(), good, canary, "", "", true, false},
		{"no SOURCE, and the last one works", t.Context(), gone, canary, "", canary, true, true},
		{"no SOURCE, and the last one is refused", t.Context(), gone, canary, "", "another", true, false},
		{"no SOURCE, and none was proven", t.Context(), gone, "", "", canary, true, false},
		{"a wrong SOURCE, and none was proven", t.Context(), bad, "", "", canary, true, false},
		{"the SOURCE cannot be read", t.Context(), unread, "", "", canary, false, false},
		{"the SOURCE cannot be read, the last one works", t.Context(), unread, canary, "", canary, true, true},
		{"we end", ended, good, "", "", canary, false, false},
		{"the run took all of its time", late, good, "", "", canary, true, true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			h, news := judged(t, row.ctx, row.source, row.proven, row.kept, row.accepts)
			answered := h.Last.After(time.Unix(1, 0))
			if answered != row.answered || (news == 1) != row.answered || answered && h.Accepted != row.want {
				t.Errorf("%+v, told %d times", h, news)
			}
		})
	}
}

// TestAMirrorThatIsAsideHoldsItsGenerations: nothing begins to leave for that, and
// what left before goes on.
func TestAMirrorThatIsAsideHoldsItsGenerations(t *testing.T) {
	left := time.Unix(1, 0)
	state := rotation.State{Current: 3, Last: 3, Generations: []rotation.Generation{{Number: 1, Left: left}, {Number: 2}, {Number: 3}}}
	for i := range state.Generations {
		state.Generations[i].Password = redact.New(canary + string(rune('a'+i)))
	}
	for _, aside := range []bool{false, true} {
		o := &Rotation{Running: func() int64 { return 0 }, Copies: []Copy{{Aside: func(*corev1.Secret) bool { return aside },
			Read: func() (*corev1.Secret, error) { return sourceOf("of phase 1"), nil }}}}
		seen := o.observed(&run{turn: turn{state: state}, observed: Observed{Account: &stalwart.Account{}}}, nil, cached)
		if seen.Holding[1] || seen.Holding[2] != aside || seen.Holding[3] != aside || len(seen.Mirrored) > 0 { // a leaked one is ended all the same
			t.Errorf("aside %t: %v, %v", aside, seen.Holding, seen.Mirrored)
		}
	}
}
