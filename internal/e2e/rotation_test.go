package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/crowd"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

const consumerName = "console"

// withRotation keeps credentials for a short overlap and rolls one consumer.
func withRotation(credentials string, overlap time.Duration) func(c *config.Config) {
	return func(c *config.Config) {
		s := &c.Submissions[0]
		s.Credentials, s.Rotation.Overlap.Duration = credentials, overlap
		s.Mirrors[0].Consumers = []config.Consumer{{Kind: "Deployment", Namespace: s.Mirrors[0].Namespace, Name: consumerName}}
	}
}

// crowd deploys consumers that read the mirror when they start, keep those bytes, and
// log in all the time.
func (s *site) crowd(replicas int32) *crowd.Crowd {
	s.t.Helper()
	c, err := crowd.Start(crowd.Options{Rig: s.Rig, Submission: "console", Sender: "noreply@" + rig.Domain})
	must(s.t, err)
	s.t.Cleanup(c.Close)
	must(s.t, c.Deploy(s.t.Context(), consumerName, rig.MirrorSecret, replicas))
	return c
}

// rested reports whether the rotation to a password has ended with nothing left
// over: the mirror holds it, and Stalwart knows one credential.
func (s *site) rested(password string) func(ctx context.Context) bool {
	return func(ctx context.Context) bool {
		return s.MirrorHolds(ctx, password) && s.credentials() == 1 && s.converged(ctx)
	}
}

// credentials counts the secrets of the account.
func (s *site) credentials() int {
	a, ok := s.mail.Account(string(s.mirror().Data["smtp-user"]))
	if !ok {
		return 0
	}
	return a.Credentials
}

// TestRotationRefusesNobody: the SOURCE is rotated under consumers that log in all
// the time, the controller is killed on the way, and nobody is refused.
func TestRotationRefusesNobody(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"0.16.18", "0.15.5"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, layout{version: version, domain: rig.Domain, tune: withRotation("source", 2*time.Second)})
			p := s.start()
			s.until("the relay converges", patience, func(ctx context.Context) bool { o, _ := s.Outcome(ctx, relayTarget); return o == "Converged" })
			c := s.crowd(2)
			s.until("everything converges", patience, s.converged)
			for round := range 2 {
				password := fmt.Sprintf("canary-rotated-%d-Correct-Horse", round)
				s.secret(password)
				begin := time.Now()
				must(t, s.SetSource(t.Context(), password))
				pause(t.Context(), time.Duration(round)*1500*time.Millisecond)
				s.kill(p)
				p = s.start()
				s.until("the rotation is over", time.Minute, s.rested(password))
				t.Logf("round %d: at rest after %s", round, time.Since(begin).Round(time.Millisecond))
			}
			c.Finish()
			if n := c.Counts(); n.Refused+n.Throttled+n.Broken > 0 || n.Logins < 8 {
				t.Errorf("%+v: %v", n, c.Stories())
			}
			for generation, pods := range c.Pods() {
				if generation != "" && pods != 2 {
					t.Errorf("generation %s was rolled with %d Pods", generation, pods)
				}
			}
			t.Logf("%d logins, generations %v", c.Counts().Logins, c.Pods())
		})
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
