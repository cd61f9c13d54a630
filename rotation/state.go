package rotation

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// Slot is where Stalwart keeps a credential.
type Slot string

// The slots.
const (
	Main Slot = "password"     // the account's one password
	App  Slot = "app-password" // one of several
)

// Generation is one credential.
type Generation struct {
	Number   int64 // grows with every change of what the mirrors hold
	Slot     Slot
	Name     string // of the app password, as we call it
	ID       string // of the app password, as Stalwart calls it
	Account  string // Stalwart's id of the account
	User     string // SASL authentication identity
	Password redact.Secret
	Created  time.Time
	Expires  time.Time // zero = never
	Mirrored bool      // it was current once: somebody may use it
	Left     time.Time // since when no mirror holds it; zero while one does, or may
}

// State is what is kept of a submission, in its state Secret.
type State struct {
	Generations []Generation // in the order in which they were made
	Current     int64        // the number of the one that the mirrors are to hold; 0 = none yet
	Last        int64        // the highest number ever given
	Handled     string       // the request that was followed last
	Renew       int64        // generations up to this number were asked to be renewed
	Revoked     int64        // and up to this one to be ended at once
}

// KeyState is the key of the state Secret.
const KeyState = "generations.json"

// find gives the generation with a number, nil where there is none.
func (s State) find(number int64) *Generation {
	i := slices.IndexFunc(s.Generations, func(g Generation) bool { return g.Number == number })
	if i < 0 {
		return nil
	}
	return &s.Generations[i]
}

// Now is the current generation, nil where there is none.
func (s State) Now() *Generation { return s.find(s.Current) }

// Password is the generation in the account's password, nil where it is unknown.
func (s State) Password(user string) *Generation {
	i := slices.IndexFunc(s.Generations, func(g Generation) bool { return g.Slot == Main && g.User == user })
	if i < 0 {
		return nil
	}
	return &s.Generations[i]
}

// beside is a state that has one generation more, under the next number.
func (s State) beside(g Generation) State {
	s.Last++
	g.Number = s.Last
	s.Generations = append(slices.Clone(s.Generations), g)
	return s
}

// with is the same, and the new generation is current.
func (s State) with(g Generation) State {
	g.Mirrored, g.Left = true, time.Time{}
	s = s.beside(g)
	s.Current = s.Last
	return s
}

// Minted fills in what the server chose.
func (s State) Minted(number int64, id string, password redact.Secret) State {
	s.Generations = slices.Clone(s.Generations)
	if g := s.find(number); g != nil {
		g.ID, g.Password = id, password
	}
	return s
}

// without is a state that lacks some generations.
func (s State) without(drop func(Generation) bool) State {
	s.Generations = slices.DeleteFunc(slices.Clone(s.Generations), drop)
	return s
}

// stored is the notation of a Generation. It is the only one with the password in
// the open, and goes nowhere but into the Secret.
type stored struct {
	Number   int64     `json:"number"`
	Slot     Slot      `json:"slot"`
	Name     string    `json:"name,omitempty"`
	ID       string    `json:"id,omitempty"`
	Account  string    `json:"account,omitempty"`
	User     string    `json:"user"`
	Password string    `json:"password"`
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires,omitzero"`
	Mirrored bool      `json:"mirrored"`
	Left     time.Time `json:"left,omitzero"`
}

type storedState struct {
	Generations []stored `json:"generations"`
	Current     int64    `json:"current"`
	Last        int64    `json:"last"`
	Handled     string   `json:"handled,omitempty"`
	Renew       int64    `json:"renew,omitempty"`
	Revoked     int64    `json:"revoked,omitempty"`
}

// Encode writes the state for its Secret.
func (s State) Encode() []byte {
	out := storedState{Current: s.Current, Last: s.Last, Generations: []stored{}, Handled: s.Handled, Renew: s.Renew, Revoked: s.Revoked}
	for _, g := range s.Generations {
		out.Generations = append(out.Generations, stored{g.Number, g.Slot, g.Name, g.ID, g.Account, g.User, g.Password.Reveal(), g.Created.UTC(), g.Expires.UTC(), g.Mirrored, g.Left.UTC()})
	}
	text, _ := json.Marshal(out) // plain types: it cannot fail
	return text
}

// DecodeState reads it; nothing at all is the empty state. The error never quotes
// what it could not read.
func DecodeState(text []byte) (State, error) {
	if len(text) == 0 {
		return State{}, nil
	}
	var in storedState
	if json.Unmarshal(text, &in) != nil {
		return State{}, fmt.Errorf("%s is no state of ours", KeyState)
	}
	s := State{Current: in.Current, Last: in.Last, Handled: in.Handled, Renew: in.Renew, Revoked: in.Revoked}
	for _, g := range in.Generations {
		if g.Number > in.Last || g.Slot != Main && g.Slot != App {
			return State{}, fmt.Errorf("%s has a generation that cannot be", KeyState)
		}
		s.Generations = append(s.Generations, Generation{g.Number, g.Slot, g.Name, g.ID, g.Account, g.User, redact.New(g.Password), g.Created, g.Expires, g.Mirrored, g.Left})
	}
	return s, nil
}
