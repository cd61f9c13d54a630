package conformance

import (
	"net/netip"
	"testing"

	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/stalwartsync"
	"github.com/openova-io/smtp-mirror/watcher"
)

// newStandInSuite starts a stand-in for a test of its own.
func newStandInSuite(t *testing.T, o stalwarttest.Options) (*suite, *standIn) {
	t.Helper()
	var server *standIn
	return newSuite(t, func(t *testing.T, untrusted bool) Server {
		server = startStandIn(t, o, untrusted)
		return server
	}, false), server
}

// TestTwoProcesses has two Pods on one store. Consumers, and the proof, reach
// the second one; what is written through the first is not seen there until it
// is told to forget.
func TestTwoProcesses(t *testing.T) {
	for _, version := range []string{"0.16.18", "0.16.3"} {
		t.Run(version, func(t *testing.T) {
			s, first := newStandInSuite(t, stalwarttest.Options{Version: version})
			second := startStandIn(t, stalwarttest.Options{Version: version, Peer: first.Server}, false)
			r := newRig(t, s)
			r.dial, r.roots = second.SubmissionAddr(), rootsOf(t, second)
			r.relay.Pods = func() []watcher.Incarnation {
				return []watcher.Incarnation{podOf(t, "a", first), podOf(t, "b", second)}
			}
			r.run(t).converged(t)
			r.wish.SendAs = []string{r.address("alerts")}
			r.run(t).converged(t).changed(t, stalwartsync.ChangedAddress).loggedIn(t, smtpprobe.Accepted)
			r.run(t).converged(t).wroteNothing(t)
			staleGrant(t, r)
			stalePermissions(t, s, r, second)
		})
	}
}

// stalePermissions lets the operator take the right to send away, which the
// second process notices, and gives it back through the first.
func stalePermissions(t *testing.T, s *suite, r *rig, second *standIn) {
	t.Helper()
	must(t, s.operator.(*jmapOperator).patch(t.Context(), r.login(), object{"permissions": object{"@type": "Replace", "enabledPermissions": object{"authenticate": true}, "disabledPermissions": object{}}}))
	must(t, second.Restart(t.Context()))
	if got := r.consume(t, r.password(), r.from()); got.Verdict != smtpprobe.NotAuthorized {
		t.Errorf("the other process lets it send: %+v", got)
	}
	r.run(t).converged(t).changed(t, stalwartsync.ChangedPermissions)
}

// podOf is the Pod of a stand-in, ready.
func podOf(t *testing.T, name string, s *standIn) watcher.Incarnation {
	t.Helper()
	address, err := netip.ParseAddrPort(s.URL()[len("http://"):])
	must(t, err)
	return watcher.Incarnation{Pod: name, UID: name, Ready: true, IP: address.Addr().String(), Port: int32(address.Port())}
}

// staleGrant lets the operator grant an address through the first process: for us
// there is nothing to write, and the second process refuses it.
func staleGrant(t *testing.T, r *rig) {
	t.Helper()
	address := r.address("foreign")
	must(t, r.operator.AddAlias(t.Context(), r.login(), address))
	if got := r.consume(t, r.password(), address); got.Verdict != smtpprobe.SenderRefused {
		t.Errorf("the other process has no cache: %+v", got)
	}
	r.wish.SendAs = append(r.wish.SendAs, address)
	r.run(t).converged(t).changed(t, stalwartsync.ChangedCaches).loggedIn(t, smtpprobe.SenderRefused, smtpprobe.Accepted)
}

// TestUpgrade has one address that speaks 0.15 first and 0.16 afterwards. The
// stand-in does not carry data over, so it is a loss of data as well.
func TestUpgrade(t *testing.T) {
	ports := stalwarttest.Options{HTTPAddr: freeAddress(t), SubmissionAddr: freeAddress(t)}
	old := ports
	old.Version = "0.15.5"
	s, before := newStandInSuite(t, old)
	r := newRig(t, s)
	r.run(t).converged(t)
	must(t, before.Close())
	r.run(t).stopped(t, stalwart.ReasonUnreachable)
	ports.Version = "0.16.18"
	after := startStandIn(t, ports, false)
	r.roots = rootsOf(t, after)
	r.run(t).converged(t).changed(t, stalwartsync.ChangedAccountLost, stalwartsync.ChangedDomain, stalwartsync.ChangedDefaults, stalwartsync.ChangedAccount, stalwartsync.ChangedProof)
	if got := r.directory(t).Generation(); got != stalwart.Gen016 {
		t.Errorf("the generation is %s", got)
	}
	r.run(t).converged(t).wroteNothing(t)
}

// TestModes has a server that is up and cannot work.
func TestModes(t *testing.T) {
	for mode, reason := range map[string]string{"bootstrap": stalwart.ReasonBootstrapMode, "recovery": stalwart.ReasonRecoveryMode} {
		t.Run(mode, func(t *testing.T) {
			s, server := newStandInSuite(t, stalwarttest.Options{Version: "0.16.18"})
			r := newRig(t, s)
			r.run(t).converged(t)
			server.SetMode(mode)
			must(t, s.Restart(t.Context()))
			r.run(t).stopped(t, reason, mode).wroteNothing(t).loggedIn(t)
			server.SetMode("")
			must(t, s.Restart(t.Context()))
			r.run(t).converged(t).wroteNothing(t)
		})
	}
}
