package e2e

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// replica is one of the processes of a site.
type replica struct {
	*rig.Rig
	process *rig.Process
}

func (r *replica) leads(ctx context.Context) bool {
	_, leader, err := r.Status(ctx)
	return err == nil && leader
}

// replicas starts two of them, and waits until both answer and one leads.
func (s *site) replicas() (leader, standby *replica) {
	s.t.Helper()
	var both [2]*replica
	for i := range both {
		twin, err := s.Twin(s.t.Context(), s.t.TempDir(), "replica-"+strconv.Itoa(i))
		must(s.t, err)
		both[i] = &replica{twin, s.startOf(twin)}
	}
	s.until("one leads and the other is ready", patience, func(ctx context.Context) bool {
		if both[1].leads(ctx) {
			both[0], both[1] = both[1], both[0]
		}
		text, err := both[1].Get(ctx, "/readyz")
		return both[0].leads(ctx) && err == nil && text == "ok\n"
	})
	return both[0], both[1]
}

// mutation matches the count of requests that have changed something. A refused
// one has not: of two that start together, one loses the race for the Lease.
var mutation = regexp.MustCompile(`rest_client_requests_total\{code="2\d\d",method="(POST|PUT|PATCH|DELETE)"\}`)

// innocent fails where a replica has written anything, anywhere.
func (s *site) innocent(r *replica) {
	s.t.Helper()
	text, err := r.Get(s.t.Context(), "/metrics")
	must(s.t, err)
	for line := range strings.Lines(text) {
		if mutation.MatchString(line) || strings.HasPrefix(line, "smtp_mirror_writes_total") && !strings.HasSuffix(strings.TrimSpace(line), " 0") {
			s.t.Errorf("the standby has written: %s", line)
		}
	}
	if strings.Contains(r.process.Output(), `"msg":"changed"`) {
		s.t.Error("the standby has changed something")
	}
}

// TestHandOver: two replicas, one writes; a leader that is asked to end hands over
// within 3 s.
func TestHandOver(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	leader, standby := s.replicas()
	s.until("mirrored", patience, func(ctx context.Context) bool { return s.MirrorHolds(ctx, rig.FirstPassword) })
	s.stays("exactly one leads", quietSpan, func(ctx context.Context) bool { return leader.leads(ctx) && !standby.leads(ctx) })
	s.innocent(standby)
	must(t, s.SetSource(t.Context(), rig.SecondPassword))
	begin := time.Now()
	s.stop(leader.process)
	s.until("the standby leads", patience, standby.leads)
	took := time.Since(begin)
	t.Logf("SIGTERM -> the other leads: %s", took.Round(time.Millisecond))
	if took > 3*time.Second {
		t.Errorf("the hand-over took %s, more than 3 s", took)
	}
	s.until("mirrored by the new leader", patience, func(ctx context.Context) bool { return s.MirrorHolds(ctx, rig.SecondPassword) })
}

// TestLeaderKilled: a leader that dies without a word is replaced within 20 s, and
// what happened meanwhile is not lost.
func TestLeaderKilled(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	leader, standby := s.replicas()
	s.until("mirrored", patience, func(ctx context.Context) bool { return s.MirrorHolds(ctx, rig.FirstPassword) })
	s.innocent(standby)
	begin := time.Now()
	s.kill(leader.process)
	must(t, s.SetSource(t.Context(), rig.SecondPassword))
	s.until("the standby leads", patience, standby.leads)
	took := time.Since(begin)
	s.until("mirrored by the new leader", patience, func(ctx context.Context) bool { return s.MirrorHolds(ctx, rig.SecondPassword) })
	t.Logf("kill -9 -> the other leads: %s, mirrored: %s", took.Round(time.Millisecond), time.Since(begin).Round(time.Millisecond))
	if took > 20*time.Second {
		t.Errorf("the standby led after %s, more than 20 s", took)
	}
}
