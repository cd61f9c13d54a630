package dkimkeys

import (
	"slices"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
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

// TestReturning: what was in use, is gone, and can be put back.
func TestReturning(t *testing.T) {
	private := redact.New("private")
	state := State{Keys: []Key{
		{ID: "a", Selector: "there", PublicKey: "1", Stage: Active, Private: private},
		{ID: "b", Selector: "lost", PublicKey: "2", Stage: Active, Private: private},
		{ID: "c", Selector: "without backup", PublicKey: "3", Stage: Active},
		{ID: "d", Selector: "mounted", PublicKey: "4", Stage: Active, Algorithm: "rsa-sha256"},
		{ID: "e", Selector: "never in use", PublicKey: "5", Stage: Pending, Private: private},
		{ID: "f", Selector: "being put back", PublicKey: "6", Stage: Pending, Signed: true, Private: private},
		{ID: "g", Selector: "over", PublicKey: "7", Stage: Retiring, Private: private},
	}}
	o := Observed{State: state, Listed: []Listed{{"a", "there", "", "1", Active}, {"f", "being put back", "", "6", Pending}}}
	got := Returning(o, Desired{Import: []Mounted{{"mounted", "rsa-sha256", "4"}}})
	if !slices.Equal(got, []string{"lost", "mounted", "being put back"}) {
		t.Errorf("%q", got)
	}
}

// TestAKeyThatIsPutBack was known before: it signs again as soon as every server is seen
// to have it, also after a start in which nothing is remembered of the DNS. A new one waits.
func TestAKeyThatIsPutBack(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		signed, unbroken bool
		want             Kind
	}{{true, true, Move}, {true, false, Rest}, {false, true, Rest}} {
		k := Key{ID: "a", Selector: "s", PublicKey: "p", Stage: Pending, Signed: row.signed, Made: now, Since: now}
		o := Observed{State: State{Keys: []Key{k}}, Listed: []Listed{{"a", "s", "", "p", Pending}},
			Sights: map[string]Sight{"s": {Unbroken: row.unbroken, Since: now, Negative: time.Hour}}}
		if s := Next(o, Desired{}, now); s.Kind != row.want {
			t.Errorf("%+v: %+v", row, s)
		}
	}
}

// TestRetiredBySomebodyElse: the record stays for mail on its way.
func TestRetiredBySomebodyElse(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	d := Desired{RetireAfter: time.Hour}
	listed := []Listed{{"a", "s", "", "p", Retired}}
	state := State{Keys: []Key{{ID: "a", Selector: "s", PublicKey: "p", Stage: Active, Made: now, Since: now}}}
	if r := Recorded(state, listed); r[0].Stage != Retiring {
		t.Errorf("%+v", r)
	}
	s := Next(Observed{State: state, Listed: listed}, d, now)
	if s.Kind != Settle || s.State.Keys[0].Stage != Retiring {
		t.Fatalf("%+v", s)
	}
	if r := Recorded(s.State, listed); r[0].Stage != Retiring {
		t.Errorf("%+v", r)
	}
	if early := Next(Observed{State: s.State, Listed: listed}, d, now.Add(time.Minute)); early.Kind != Rest || early.Wait != time.Hour-time.Minute {
		t.Errorf("%+v", early)
	}
	late := Next(Observed{State: s.State, Listed: listed}, d, now.Add(time.Hour))
	if late.Kind != Record || late.State.Keys[0].Stage != Retired {
		t.Errorf("%+v", late)
	}
}
