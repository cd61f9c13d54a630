package rotation

import (
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// TestNumbersThatAreLostAreNotGivenAgain: a state that begins anew, or an old one that
// was restored, goes on above what consumers were told and app passwords are called.
func TestNumbersThatAreLostAreNotGivenAgain(t *testing.T) {
	password := Generation{Slot: Main, User: "u", Password: redact.New("P1"), Created: epoch}
	desired := Desired{Submission: "s", User: "u", Source: redact.New("P1"), Overlap: time.Minute}
	rows := []struct {
		name  string
		state State
		told  int64
		apps  []Listed
		want  int64 // the current generation in the end
	}{
		{"nobody was told anything", Adopt(State{}, password, Observed{}, Desired{}), 0, nil, 1},
		{"they were told less", Adopt(State{}, password, Observed{Told: 4}, Desired{}), 4, nil, 5},
		{"an adopted state", Adopt(State{}, password, Observed{}, Desired{}), 5, nil, 6},
		{"the numbers meet", Adopt(State{}, password, Observed{Told: 4}, Desired{}), 5, nil, 5},
		{"an app password has a higher name", Adopt(State{}, password, Observed{}, Desired{}), 1, []Listed{{ID: "i", Name: "smtp-mirror-s-9"}}, 1},
		{"and its number is skipped", Adopt(State{}, password, Observed{}, Desired{}), 2, []Listed{{ID: "i", Name: "smtp-mirror-s-9"}}, 10},
		{"names of others are not counted", Adopt(State{}, password, Observed{}, Desired{}), 2, []Listed{{ID: "i", Name: "mine-9"}}, 3},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			o := Observed{State: row.state, Told: row.told, Apps: row.apps, Running: Nobody, Holding: map[int64]bool{}}
			for range 5 {
				s := Next(o, desired, epoch)
				if s.Kind != Record {
					break
				}
				o.State = s.State
			}
			if got := o.State.Now(); got == nil || got.Number != row.want || !got.Password.Equal(password.Password) {
				t.Errorf("%+v", o.State)
			}
			desired := desired
			desired.Source = redact.New("P2")
			if s := Next(o, desired, epoch); s.Kind != Mint || s.Generation.Number <= row.told || s.Generation.Number <= row.want {
				t.Errorf("the next one: %+v", s)
			}
		})
	}
}

// TestWhoCannotBeAsked may have been told any number that counting has reached.
func TestWhoCannotBeAsked(t *testing.T) {
	password := Generation{Slot: Main, User: "u", Password: redact.New("P1"), Created: epoch}
	blind := Observed{Told: 3, Blind: true, Running: Nobody, Holding: map[int64]bool{}}
	blind.State = Adopt(State{}, password, blind, Desired{})
	desired := Desired{Submission: "s", User: "u", Source: redact.New("P1"), Overlap: time.Minute}
	if s := Next(blind, desired, epoch.Add(time.Hour)); s.Kind != Rest || blind.State.Current != epoch.Unix()+1 {
		t.Errorf("%+v from %+v: it counts although nothing is to be given", s, blind.State)
	}
	desired.Source = redact.New("P2")
	blind.State = Adopt(State{}, password, Observed{}, Desired{})
	if s := Next(blind, desired, epoch); s.Kind != Record && s.Kind != Mint || s.State.Current <= epoch.Unix() {
		t.Errorf("%+v", s)
	}
}
