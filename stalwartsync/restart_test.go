package stalwartsync

import (
	"testing"

	"github.com/openova-io/smtp-mirror/stalwart"
)

// TestDecideRestart: one per listener change, and never a second one before the
// rollout is complete.
func TestDecideRestart(t *testing.T) {
	rows := []struct {
		name string
		w    Running
		want RestartStep
	}{
		{"never asked", Running{nil, true}, RestartRequest},
		{"asked for another listener", Running{[]string{"old"}, true}, RestartRequest},
		{"a rollout of somebody else", Running{nil, false}, RestartWait},
		{"ours is under way", Running{[]string{"new"}, false}, RestartWait},
		{"ours is complete", Running{[]string{"old", "new"}, true}, RestartFailed},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := DecideRestart(row.w, "new"); got != row.want {
				t.Errorf("%s, want %s", got, row.want)
			}
		})
	}
}

// TestRestartToken: another listener, the same made anew, and another address
// are another change.
func TestRestartToken(t *testing.T) {
	l := stalwart.Listener{ID: "1", Name: "submission", Binds: []string{"[::]:587"}}
	seen := map[string]bool{restartToken(l): true}
	for _, change := range []func(l *stalwart.Listener){
		func(l *stalwart.Listener) { l.ID = "2" }, func(l *stalwart.Listener) { l.Name = "x" }, func(l *stalwart.Listener) { l.Binds = []string{"[::]:587", "[::]:588"} },
	} {
		other := l
		change(&other)
		if seen[restartToken(other)] {
			t.Errorf("%+v is taken for another", other)
		}
		seen[restartToken(other)] = true
	}
}
