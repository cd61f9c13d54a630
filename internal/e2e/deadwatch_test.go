package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// behindProxy makes the controller see the API server through a proxy.
func (s *site) behindProxy() *rig.Link {
	s.t.Helper()
	link, err := s.BehindLink()
	must(s.t, err)
	s.t.Cleanup(link.Close)
	return link
}

// TestWatchSilentlyDead: the connection to the API server is open and nothing
// comes through it any more. A change of the SOURCE that is made then is mirrored
// within 30 s.
func TestWatchSilentlyDead(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	p := s.behindProxy()
	s.start()
	s.settled()
	if n := p.Swallow(); n == 0 {
		t.Fatal("the controller does not use the proxy")
	}
	must(t, s.SetSource(t.Context(), rig.SecondPassword))
	took := s.until("mirrored although the watch is dead", patience, func(ctx context.Context) bool { return s.MirrorHolds(ctx, rig.SecondPassword) })
	t.Logf("dead watch -> mirrored: %s", took.Round(time.Millisecond))
	if took > 30*time.Second {
		t.Errorf("mirrored after %s, more than 30 s", took)
	}
	s.until("everything converges", patience, s.converged)
}
