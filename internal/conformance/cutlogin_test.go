package conformance

import (
	"testing"

	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
	"github.com/openova-io/smtp-mirror/stalwartsync"
)

// TestALoginThatIsCutOff: a debug build of 0.16 ends every login of an account whose
// access token it holds is stale, without an answer, until its caches are dropped. The
// run in which that happens does so, once.
func TestALoginThatIsCutOff(t *testing.T) {
	s, server := newStandInSuite(t, stalwarttest.Options{Version: "0.16.18"})
	r := newRig(t, s)
	r.run(t).converged(t)
	server.Fail(stalwarttest.Fault{Kind: stalwarttest.SMTPDrop, Method: "AUTH"})
	r.rotate("Conf-cut-off-Correct-Horse")
	r.run(t).converged(t).changed(t, stalwartsync.ChangedPassword, stalwartsync.ChangedCaches, stalwartsync.ChangedProof)
	server.Fail(stalwarttest.Fault{Kind: stalwarttest.SMTPDrop, Method: "AUTH", Times: -1})
	mark := s.tap.mark()
	for range 7 {
		r.run(t)
	}
	drops := 0
	for _, request := range s.tap.since(mark) {
		for _, call := range request.Calls {
			if call == "x:Action/set" {
				drops++
			}
		}
	}
	if drops != 5 {
		t.Errorf("the caches were dropped %d times without a login in between", drops)
	}
}
