package conformance

import (
	"net"
	"slices"
	"testing"

	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/stalwartsync"
	"github.com/openova-io/smtp-mirror/submission"
)

func listeners() []scenario {
	return []scenario{
		{name: "a listener that is bound is found", run: listenerFound},
		{name: "a new listener waits for a restart", only: stalwart.Gen016, run: listenerMade},
		{name: "a missing listener is reported, not made", run: listenerMissing},
	}
}

func listenerFound(t *testing.T, s *suite) {
	all := newRig(t, s).survey(t).Listeners
	found := slices.IndexFunc(all, func(l stalwart.Listener) bool {
		return l.Protocol == "smtp" && !l.Implicit && slices.Contains(l.Binds, s.SubmissionAddr())
	})
	if found < 0 {
		t.Errorf("%s is not among %+v", s.SubmissionAddr(), all)
	}
}

// elsewhere moves the submission to a port that nobody listens on.
func (r *rig) elsewhere(t *testing.T, listener string) {
	t.Helper()
	r.dial = freeAddress(t)
	_, port, err := net.SplitHostPort(r.dial)
	must(t, err)
	r.source[submission.KeyPort] = port
	r.wish.ListenerName, r.wish.ListenerBind = listener, r.dial
}

func freeAddress(t *testing.T) string {
	t.Helper()
	port, err := child.FreePort()
	must(t, err)
	return child.Address(port)
}

// listenerMade uses a name that is free and one that is taken, whose owner gets
// an address more.
func listenerMade(t *testing.T, s *suite) {
	free, taken := newRig(t, s), newRig(t, s)
	free.elsewhere(t, "conformance")
	taken.elsewhere(t, "submission")
	for _, r := range []*rig{free, taken} {
		r.run(t).stopped(t, stalwartsync.ReasonListenerNeedsRestart).loggedIn(t, smtpprobe.Unreachable).
			changed(t, stalwartsync.ChangedListener, stalwartsync.ChangedAccount)
		r.run(t).stopped(t, stalwartsync.ReasonListenerNeedsRestart).wroteNothing(t)
	}
	must(t, s.Restart(t.Context()))
	for _, r := range []*rig{free, taken} {
		r.run(t).converged(t).wroteNothing(t)
	}
	newRig(t, s).run(t).converged(t) // the port that was there before
}

// listenerMissing is how 0.15 always is, and 0.16 where it is not ours to make.
func listenerMissing(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.elsewhere(t, "missing")
	r.wish.ListenerManage = s.Generation() == stalwart.Gen015
	_, port, err := net.SplitHostPort(r.dial)
	must(t, err)
	r.run(t).stopped(t, stalwartsync.ReasonListenerMissing, port).changed(t, stalwartsync.ChangedAccount)
	r.run(t).stopped(t, stalwartsync.ReasonListenerMissing, port).wroteNothing(t)
}
