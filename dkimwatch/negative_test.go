package dkimwatch

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openova-io/smtp-mirror/dkimkeys"
	"github.com/openova-io/smtp-mirror/zone"
)

// TestTheZoneOfAKeySaysHowLongItsAbsenceLasts: _domainkey is delegated, or the selector
// a CNAME, and absence lasts a day there; the key is published when it is looked at for
// the first time, so that no denial tells.
func TestTheZoneOfAKeySaysHowLongItsAbsenceLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := zone.Records(zone.Facts{Domain: "example.test", Keys: []zone.Key{{Selector: "s", Algorithm: "ed25519-sha256", PublicKey: "AAAA", Stage: "pending"}}})
		key := all[len(all)-1]
		for _, r := range all {
			if r.Kind() == zone.KindDKIM {
				key = r
			}
		}
		board := &Board{}
		board.Want([]zone.Record{key})
		r := &Truth{Domain: "example.test", Board: board, Changed: func() {}, Answers: func(_ context.Context, _, name, kind string) ([]zone.Answer, error) {
			switch {
			case kind == "TXT":
				return []zone.Answer{{Server: "a", Code: "NOERROR", Values: []string{key.Value}}}, nil
			case name == "example.test":
				return []zone.Answer{{Server: "a", Code: "NOERROR", Values: []string{"ns1.example.test hostmaster.example.test 1 3600 600 86400 60"}}}, nil
			}
			return []zone.Answer{{Server: "a", Code: "NOERROR", Negative: 24 * time.Hour}}, nil
		}}
		listed := dkimkeys.Listed{Selector: "s", PublicKey: "AAAA"}
		for _, step := range []struct {
			after     time.Duration
			published bool
		}{{0, false}, {time.Hour, false}, {22 * time.Hour, false}, {2 * time.Hour, true}} {
			time.Sleep(step.after)
			if _, err := r.Reconcile(t.Context()); err != nil {
				t.Fatal(err)
			}
			if sight := board.Key("example.test", listed); sight.Published != step.published || sight.Negative != 24*time.Hour {
				t.Errorf("%s later: %+v", step.after, sight)
			}
		}
	})
}
