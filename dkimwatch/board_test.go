package dkimwatch

import (
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/dkimkeys"
	"github.com/openova-io/smtp-mirror/zone"
)

// TestWhatTheBoardRemembers of a key's record: whether anybody has denied it since the
// start, which silence does not, and for how long the set without a record may be remembered.
func TestWhatTheBoardRemembers(t *testing.T) {
	now := time.Unix(1e9, 0)
	record := zone.Record{Name: "s._domainkey.example.test", Type: "TXT", Value: "v=DKIM1; k=rsa; h=sha256; p=AAAA", TTL: time.Hour}
	for _, row := range []struct {
		name     string
		verdicts []zone.Verdict
		unbroken bool
		verdict  zone.Verdict
		wait     time.Duration
	}{
		{"nobody has looked", nil, false, "", 0},
		{"it is there", []zone.Verdict{zone.Published}, true, zone.Published, time.Hour},
		{"a server was silent before", []zone.Verdict{zone.TempError, zone.Published}, true, zone.Published, time.Hour},
		{"a server is silent", []zone.Verdict{zone.Published, zone.TempError}, false, zone.TempError, time.Hour},
		{"it was missing before", []zone.Verdict{zone.Missing, zone.Published}, false, zone.Published, time.Hour},
		{"another one was there", []zone.Verdict{zone.Published, zone.Mismatch, zone.Published}, false, zone.Published, time.Hour},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := &Board{}
			b.Want([]zone.Record{record})
			b.SawNegative(time.Minute)
			for i, v := range row.verdicts {
				b.Saw(zone.Finding{Record: record, Verdict: v}, now.Add(time.Duration(i)*time.Second))
			}
			last := now.Add(time.Duration(max(0, len(row.verdicts)-1)) * time.Second)
			if got := b.Key("example.test", dkimkeys.Listed{Selector: "s", PublicKey: "AAAA"}); got.Unbroken != row.unbroken || got.Published {
				t.Errorf("%+v", got)
			}
			if verdict, wait := b.Spread(record, last); verdict != row.verdict || wait != row.wait {
				t.Errorf("%q, wait %s", verdict, wait)
			}
		})
	}
	b := &Board{}
	b.Want([]zone.Record{record})
	b.Saw(zone.Finding{Record: record, Verdict: zone.Published}, now)
	if verdict, _ := b.Spread(record, now); verdict != "" {
		t.Errorf("without the zone's times: %q", verdict)
	}
}
