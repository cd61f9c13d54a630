package dkimwatch

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openova-io/smtp-mirror/dkimkeys"
	"github.com/openova-io/smtp-mirror/zone"
)

// dns is a zone of two servers in memory.
type dns struct {
	values  [2][]string // of every name
	minimum string      // of the SOA
	unknown error
	asked   atomic.Int32
}

func (d *dns) answers(_ context.Context, _, _, kind string) ([]zone.Answer, error) {
	d.asked.Add(1)
	if d.unknown != nil {
		return nil, d.unknown
	}
	if kind == "SOA" {
		return []zone.Answer{{Server: "a", Code: "NOERROR", Values: []string{"ns1.example.test hostmaster.example.test 1 3600 600 86400 " + d.minimum}}}, nil
	}
	var all []zone.Answer
	for i, server := range []string{"a", "b"} {
		all = append(all, zone.Answer{Server: server, Code: "NOERROR", Values: d.values[i]})
	}
	return all, nil
}

// TestTruth follows one record from absence to its publication and away again.
func TestTruth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, board, changed := &dns{minimum: "0"}, &Board{}, 0
		r := &Truth{Domain: "example.test", Board: board, Answers: d.answers, Changed: func() { changed++ }}
		record := zone.Records(zone.Facts{Domain: "example.test", Keys: []zone.Key{{Selector: "s", Algorithm: "ed25519-sha256", PublicKey: "AAAA", Stage: "pending"}}})
		var key zone.Record
		for _, k := range record {
			if k.Kind() == zone.KindDKIM {
				key = k
			}
		}
		if !board.Want([]zone.Record{key}) || board.Want([]zone.Record{key}) {
			t.Error("what is wanted is news once")
		}
		listed := dkimkeys.Listed{Selector: "s", PublicKey: "AAAA"}
		for _, step := range []struct {
			what    string
			values  [2][]string
			verdict zone.Verdict
		}{
			{"nothing is there", [2][]string{}, zone.Missing},
			{"one server has it", [2][]string{{key.Value}, nil}, zone.Missing},
			{"both have it", [2][]string{{key.Value}, {key.Value}}, zone.Published},
			{"one has another", [2][]string{{key.Value}, {"v=DKIM1; k=ed25519; p=BBBB"}}, zone.Mismatch},
		} {
			d.values = step.values
			time.Sleep(time.Hour)
			result, err := r.Reconcile(t.Context())
			if err != nil || board.Findings()[0].Verdict != step.verdict || (result.Reason == "") != (step.verdict == zone.Published) || result.After <= 0 {
				t.Errorf("%s: %v, %+v, %+v", step.what, err, board.Findings(), result)
			}
			if sight := board.Key("example.test", listed); sight.Published != (step.verdict == zone.Published) {
				t.Errorf("%s: %+v", step.what, sight)
			}
		}
		if changed != 3 || board.LastPublished(key).IsZero() {
			t.Errorf("%d changes, last seen %v", changed, board.LastPublished(key))
		}
		d.unknown = errors.New("nobody knows its servers")
		d.asked.Store(0)
		time.Sleep(time.Hour)
		if _, err := r.Reconcile(t.Context()); err != nil || board.Findings()[0].Verdict != zone.TempError || d.asked.Load() != 1 {
			t.Errorf("%v, %+v, %d questions", err, board.Findings(), d.asked.Load())
		}
	})
}
