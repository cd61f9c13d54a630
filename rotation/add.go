package rotation

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// setMain makes the SOURCE's bytes the account's password and current.
func (w *world) setMain() Step {
	return w.password(State.with)
}

// setBeside makes them the password without mirroring it.
func (w *world) setBeside() Step {
	return w.password(State.beside)
}

// password replaces the account's password in the state, and in Stalwart unless it
// is known to be in place already.
func (w *world) password(add func(State, Generation) State) Step {
	s := add(w.state.without(w.inMain), Generation{Slot: Main, Account: w.Account, User: w.d.User, Password: w.d.Source, Created: w.now})
	kind := SetMain
	if w.Password != nil && w.Password.Equal(w.d.Source) {
		kind = Record
	}
	return Step{Kind: kind, Generation: *s.find(s.Last), State: s, Why: "the SOURCE's password"}
}

// inMain reports whether a generation is in the account's password.
func (w *world) inMain(g Generation) bool { return g.Slot == Main && g.User == w.d.User }

// mint asks the server for an app password.
func (w *world) mint() Step {
	g := w.app()
	if w.d.Issued && w.d.Lifetime > 0 {
		g.Expires = w.now.Add(w.d.Lifetime)
	}
	s := w.state.with(g)
	return Step{Kind: Mint, Generation: *s.Now(), State: s, Why: "a credential beside the old one"}
}

// add adds an app password of our choice.
func (w *world) add(password redact.Secret) Step {
	g := w.app()
	g.ID, g.Password = g.Name, password
	s := w.state.with(g)
	return Step{Kind: Add, Generation: *s.Now(), State: s, Why: "a credential beside the old one"}
}

func (w *world) app() Generation {
	return Generation{Slot: App, Name: fmt.Sprintf("%s%d", NamePrefix(w.d.Submission), w.state.Last+1), Account: w.Account, User: w.d.User, Created: w.now}
}

// NamePrefix begins the names of a submission's app passwords; a number follows.
func NamePrefix(submission string) string { return "smtp-mirror-" + submission + "-" }

// reached is the highest number that may ever have been given. Where a consumer
// cannot be asked it is one that counting cannot have reached: the time in seconds.
func (o Observed) reached(last int64, now time.Time) int64 {
	if o.Blind {
		last = max(last, now.Unix())
	}
	return max(last, o.Told)
}

// numbered is the highest number in the names of app passwords of ours.
func numbered(apps []Listed, submission string) (highest int64) {
	for _, a := range apps {
		number, _ := strings.CutPrefix(a.Name, NamePrefix(submission))
		if n, err := strconv.ParseInt(number, 10, 64); err == nil {
			highest = max(highest, n)
		}
	}
	return highest
}

// renumber lifts the current generation above what a consumer was told: its number
// stands for other bytes there, from a state that is lost.
func (w *world) renumber() (Step, bool) {
	g := w.state.Now()
	if g == nil || w.Told <= g.Number {
		return Step{}, false
	}
	s := w.again(*g)
	s.Why = fmt.Sprintf("a consumer was told generation %d, by a state that is lost", w.Told)
	return s, true
}
