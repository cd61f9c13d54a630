package dkimkeys

import (
	"testing"
	"time"
)

// TestRules are moments that the walks do not come to by themselves.
func TestRules(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	key := func(stage Stage) State {
		return State{Keys: []Key{{ID: "a", Selector: "s", Algorithm: "rsa-sha256", PublicKey: "p", Stage: stage, Made: now, Since: now}}, Used: []string{"s"}}
	}
	listed := func(id, bytes string, stage Stage) []Listed { return []Listed{{id, "s", "rsa-sha256", bytes, stage}} }
	d := Desired{RetireAfter: time.Hour, DeleteAfter: time.Hour}
	rows := []struct {
		what  string
		state State
		there []Listed
		want  Kind
		to    Stage
	}{
		{"somebody makes a retired key sign", key(Retired), listed("a", "p", Active), Move, Retired},
		{"a key has become active: the signer may be warm", key(Pending), listed("a", "p", Active), Settle, ""},
		{"the same id and selector, other bytes", key(Active), listed("a", "q", Active), Record, ""},
		{"the same bytes under another id", key(Active), listed("b", "p", Active), Record, ""},
		{"somebody else's key", State{}, listed("a", "p", Active), Rest, ""},
	}
	for _, row := range rows {
		s := Next(Observed{State: row.state, Listed: row.there}, d, now)
		if s.Kind != row.want || s.To != row.to {
			t.Errorf("%s: %+v", row.what, s)
		}
	}
}

// TestRecordedKeys: a record follows what is signed with, and what is lost.
func TestRecordedKeys(t *testing.T) {
	state := State{Keys: []Key{
		{Selector: "made", PublicKey: "1", Stage: Pending}, {Selector: "lost", PublicKey: "2", Stage: Retiring, Lost: true},
		{Selector: "gone", PublicKey: "3", Stage: Retired, Lost: true}, {ID: "x", Selector: "old", PublicKey: "4", Stage: Retired},
		{ID: "y", Selector: "just lost", PublicKey: "6", Stage: Active}, {Selector: "being put back", PublicKey: "7", Stage: Active},
	}}
	got := Recorded(state, []Listed{{"f", "foreign", "", "5", Active}, {"x", "old", "", "4", Active}})
	want := map[string]Stage{"foreign": Active, "old": Retired, "lost": Retiring, "gone": Retired, "just lost": Active, "being put back": Active}
	if len(got) != len(want) {
		t.Errorf("%+v", got)
	}
	for _, l := range got {
		if want[l.Selector] != l.Stage {
			t.Errorf("%s is %s", l.Selector, l.Stage)
		}
	}
}
