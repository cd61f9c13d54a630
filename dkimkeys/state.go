package dkimkeys

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// Stage is where a key is in its life; the words are Stalwart's.
type Stage string

// The stages.
const (
	Pending  Stage = "pending"
	Active   Stage = "active"
	Retiring Stage = "retiring"
	Retired  Stage = "retired"
)

// Key is a key of ours.
type Key struct {
	ID        string // what Stalwart calls it; "" = it is not known to be there
	Selector  string
	Algorithm string        // "rsa-sha256" or "ed25519-sha256", as in package stalwart
	PublicKey string        // the value of the p= tag
	Private   redact.Secret // PEM; empty where it is in Stalwart only
	Stage     Stage
	Made      time.Time
	Since     time.Time // it is in its stage
	Imported  bool      // it was mounted
	Lost      bool      // Stalwart has it no more: nothing is signed with it, mail on its way may be
	Signed    bool      // it was in use before Stalwart lost it: its record was there for everybody
	Replace   bool      // somebody has asked for another one
	Revoke    bool      // it ends as soon as another one is active
	Used      time.Time // a mail that it signs was accepted; zero where nobody has looked
}

// State is what is kept of a domain's keys, in its Secret.
type State struct {
	Keys    []Key    // in the order in which they were made
	Used    []string // every selector that is known to have been used, sorted
	Handled string   // the request that was followed last
}

// KeyState is the key of the Secret.
const KeyState = "dkim.json"

// find gives the key with a selector, nil where there is none: selectors are never
// used twice.
func (s State) find(selector string) *Key {
	i := slices.IndexFunc(s.Keys, func(k Key) bool { return k.Selector == selector })
	if i < 0 {
		return nil
	}
	return &s.Keys[i]
}

// Owns reports whether a key that Stalwart lists is ours.
func (s State) Owns(l Listed) bool {
	k := s.find(l.Selector)
	return k != nil && k.PublicKey == l.PublicKey
}

// HasLost reports whether Stalwart has lost a key of ours that was in use.
func (s State) HasLost() bool {
	return slices.ContainsFunc(s.Keys, func(k Key) bool { return k.Lost || k.Signed })
}

// With is a state in which a key is as given, or is added.
func (s State) With(k Key) State {
	s.Keys = slices.Clone(s.Keys)
	if have := s.find(k.Selector); have != nil {
		*have = k
	} else {
		s.Keys = append(s.Keys, k)
	}
	return s.using(k.Selector)
}

// without is a state that has forgotten a key, but not its selector.
func (s State) without(selector string) State {
	s.Keys = slices.DeleteFunc(slices.Clone(s.Keys), func(k Key) bool { return k.Selector == selector })
	return s
}

// using remembers selectors.
func (s State) using(selectors ...string) State {
	s.Used = slices.Concat(s.Used, selectors)
	slices.Sort(s.Used)
	s.Used = slices.Compact(s.Used)
	return s
}

// stored is the notation of a Key. It is the only one with the private key in the
// open, and goes nowhere but into the Secret.
type stored struct {
	ID        string    `json:"id,omitempty"`
	Selector  string    `json:"selector"`
	Algorithm string    `json:"algorithm"`
	PublicKey string    `json:"publicKey"`
	Private   string    `json:"privateKey,omitempty"`
	Stage     Stage     `json:"stage"`
	Made      time.Time `json:"made"`
	Since     time.Time `json:"since"`
	Imported  bool      `json:"imported,omitempty"`
	Lost      bool      `json:"lost,omitempty"`
	Signed    bool      `json:"signed,omitempty"`
	Replace   bool      `json:"replace,omitempty"`
	Revoke    bool      `json:"revoke,omitempty"`
	Used      time.Time `json:"used,omitzero"`
}

type storedState struct {
	Keys    []stored `json:"keys"`
	Used    []string `json:"used,omitempty"`
	Handled string   `json:"handled,omitempty"`
}

// Encode writes the state for the Secret.
func (s State) Encode() []byte {
	out := storedState{Used: s.Used, Handled: s.Handled}
	for _, k := range s.Keys {
		out.Keys = append(out.Keys, stored{k.ID, k.Selector, k.Algorithm, k.PublicKey, k.Private.Reveal(), k.Stage, k.Made.UTC(), k.Since.UTC(), k.Imported, k.Lost, k.Signed, k.Replace, k.Revoke, k.Used.UTC()})
	}
	text, _ := json.Marshal(out) // plain fields cannot fail
	return text
}

// errState does not quote what it could not read.
var errState = errors.New("the key " + KeyState + " is not what smtp-mirror writes")

// DecodeState reads what Encode wrote; nothing is the empty state.
func DecodeState(text []byte) (State, error) {
	if len(text) == 0 {
		return State{}, nil
	}
	var in storedState
	if json.Unmarshal(text, &in) != nil {
		return State{}, errState
	}
	s := State{Used: in.Used, Handled: in.Handled}
	for _, k := range in.Keys {
		known := slices.Contains([]Stage{Pending, Active, Retiring, Retired}, k.Stage)
		if k.Selector == "" || strings.ContainsAny(k.Selector, " /\"") || k.PublicKey == "" || !known || s.find(k.Selector) != nil {
			return State{}, errState
		}
		s.Keys = append(s.Keys, Key{k.ID, k.Selector, k.Algorithm, k.PublicKey, redact.New(k.Private), k.Stage, k.Made, k.Since, k.Imported, k.Lost, k.Signed, k.Replace, k.Revoke, k.Used})
	}
	return s, nil
}
