package e2e

import (
	"context"
	"net"
	"strconv"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
)

// withoutListener is a Stalwart that has no submission listener, as a fresh one.
func withoutListener(o *stalwarttest.Options) { o.SubmissionAddr, o.SubmissionsAddr = "-", "-" }

// listenAt wants a listener that consumers reach at a port of this machine.
func listenAt(host string, port int, restart bool) func(*config.Config) {
	return func(c *config.Config) {
		c.Stalwart.Restart.Enabled = restart
		c.Submissions[0].Listener.Bind = net.JoinHostPort(host, strconv.Itoa(port))
		c.Submissions[0].Probe.Address = child.Address(port)
	}
}

// podSite is a site whose Stalwart is the Pod of a StatefulSet, ready.
func podSite(t *testing.T, tune func(*config.Config)) *site {
	t.Helper()
	s := newSite(t, layout{pods: true, standIn: withoutListener, tune: tune})
	s.until("the Pod of Stalwart is ready", patience, func(context.Context) bool { return s.workload().Status.ReadyReplicas == 1 })
	return s
}

func (s *site) workload() *appsv1.StatefulSet {
	s.t.Helper()
	w, err := s.Admin.AppsV1().StatefulSets(s.Home).Get(s.t.Context(), rig.NamespaceStalwart, metav1.GetOptions{})
	must(s.t, err)
	return w
}

// templateChanges is how often somebody has changed what the StatefulSet runs.
func (s *site) templateChanges() int64 { return s.workload().Generation - 1 }

// TestRestartForListener: a new listener is bound when Stalwart restarts, so it is
// restarted, once, and then the relay is proven.
func TestRestartForListener(t *testing.T) {
	t.Parallel()
	port, err := child.FreePort()
	must(t, err)
	s := podSite(t, listenAt("127.0.0.1", port, true))
	s.start()
	s.awaitEvent("ListenerAdded", "Secret", rig.SourceSecret, "submission")
	s.awaitEvent("RestartRequested", "Secret", rig.SourceSecret, "submission")
	took := s.until("proven after the restart", patience, s.converged)
	t.Logf("listener missing -> restarted -> proven: %s", took.Round(time.Millisecond))
	s.stays("one restart is enough", quietSpan, func(context.Context) bool { return s.templateChanges() == 1 })
	if s.workload().Spec.Template.Annotations["console.smtp-mirror.openova.io/listener"] == "" {
		t.Error("the annotation names no listener")
	}
	s.until("mirrored", patience, func(ctx context.Context) bool { return s.MirrorHolds(ctx, rig.FirstPassword) })
}

// TestRestartInVain: where the port stays closed after the restart, it is said, and
// there is no second restart.
func TestRestartInVain(t *testing.T) {
	t.Parallel()
	port, err := child.FreePort()
	must(t, err)
	s := podSite(t, listenAt("::", port, true)) // the stand-in keeps wildcards on record only
	s.start()
	row := s.await(relayTarget, "Held", "ListenerStillMissing")
	if !contains(row.Message, "submission") {
		t.Errorf("the listener is not named: %s", row.Message)
	}
	for range 3 {
		s.touchSource()
	}
	s.stays("no second restart", quietSpan, func(context.Context) bool { return s.templateChanges() == 1 })
	s.awaitEvent("ListenerStillMissing", "Secret", rig.SourceSecret, "")
	if m := s.mirror(); string(m.Data["smtp-pass"]) != rig.PhaseOnePass {
		t.Error("the mirror was pointed at a relay that does not listen")
	}
}

// TestListenerNeedsRestart: where restarting is not allowed, it waits for somebody
// to do it.
func TestListenerNeedsRestart(t *testing.T) {
	t.Parallel()
	port, err := child.FreePort()
	must(t, err)
	s := newSite(t, layout{standIn: withoutListener, tune: listenAt("127.0.0.1", port, false)})
	s.start()
	s.await(relayTarget, "Held", "ListenerNeedsRestart")
	s.awaitEvent("ListenerNeedsRestart", "Secret", rig.SourceSecret, strconv.Itoa(port))
	must(t, s.mail.Restart())
	s.settled()
}

// TestListenerMissingOn015: it belongs into Stalwart's configuration file there,
// and nothing is written.
func TestListenerMissingOn015(t *testing.T) {
	t.Parallel()
	port, err := child.FreePort()
	must(t, err)
	s := newSite(t, layout{version: "lite", domain: rig.Domain, standIn: withoutListener, tune: listenAt("127.0.0.1", port, false)})
	s.start()
	row := s.await(relayTarget, "Held", "ListenerMissing")
	if !contains(row.Message, strconv.Itoa(port)) || !contains(row.Message, "configuration file") {
		t.Errorf("port or place are not named: %s", row.Message)
	}
	for _, write := range s.mailWrites() {
		if contains(write, "/api/settings") {
			t.Errorf("a setting was written: %s", write)
		}
	}
}

// TestGrantsLost: the container restarts on an empty volume, which is seen from its
// Pod; everything is made and proven again, and the mirror never noticed.
func TestGrantsLost(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{pods: true})
	s.until("the Pod of Stalwart is ready", patience, func(context.Context) bool { return s.workload().Status.ReadyReplicas == 1 })
	s.start()
	s.settled()
	s.nothingWrittenToMirror(func() {
		s.mail.Wipe()
		must(t, s.Node.RestartContainer(t.Context(), s.Home, rig.NamespaceStalwart+"-0", "stalwart"))
		ready := time.Now() // it returns when the new process runs
		took := s.until("proven again", patience, s.provenAfter(ready))
		t.Logf("container running -> proven: %s", took.Round(time.Millisecond))
		s.settled()
	})
	if account, ok := s.mail.Account("noreply@" + rig.Domain); !ok || account.Credentials != 1 {
		t.Errorf("the account after the loss: %t, %d credentials", ok, account.Credentials)
	}
	s.awaitEvent("AccountLost", "Secret", rig.SourceSecret, "noreply@"+rig.Domain)
}
