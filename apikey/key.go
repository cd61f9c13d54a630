package apikey

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/stalwart"
)

// KeyDocument is the key of the Secret that holds the [Kept] key.
const KeyDocument = "api-key.json"

// namePrefix begins the names of our keys; a number follows.
const namePrefix = "smtp-mirror-api-"

// Kept is the key that is in use.
type Kept struct {
	Generation stalwart.Generation // of the server that made it
	ID, Name   string
	Key        redact.Secret
	Created    time.Time
	Powers     stalwart.Powers
	AllowedIPs []string
}

// stored is the notation of a [Kept] key, the only one with the key in the open.
type stored struct {
	Generation stalwart.Generation `json:"generation"`
	ID         string              `json:"id"`
	Name       string              `json:"name"`
	Key        string              `json:"key"`
	Created    time.Time           `json:"created"`
	Powers     stalwart.Powers     `json:"powers"`
	AllowedIPs []string            `json:"allowedIPs"`
}

// Encode writes it for its Secret.
func (k Kept) Encode() []byte {
	text, _ := json.Marshal(stored{k.Generation, k.ID, k.Name, k.Key.Reveal(), k.Created.UTC(), k.Powers, k.AllowedIPs}) // plain types: it cannot fail
	return text
}

// Decode reads it; nil where there is none. The error never quotes what it could
// not read.
func Decode(text []byte) (*Kept, error) {
	if len(text) == 0 {
		return nil, nil
	}
	var s stored
	if json.Unmarshal(text, &s) != nil || s.Key == "" || s.Name == "" || s.Generation != stalwart.Gen015 && s.Generation != stalwart.Gen016 {
		return nil, errors.New(KeyDocument + " is no key of ours")
	}
	return &Kept{s.Generation, s.ID, s.Name, redact.New(s.Key), s.Created, s.Powers, s.AllowedIPs}, nil
}

// Credential is the key as a login.
func (k Kept) Credential() stalwart.Credential {
	return stalwart.Credential{User: k.Name, Password: k.Key, APIKey: k.Generation}
}

// fits reports whether the key has the rights that are asked for.
func (k Kept) fits(d Desired) bool {
	return k.Powers == d.Powers && (k.Generation == stalwart.Gen015 || slices.Equal(k.AllowedIPs, d.AllowedIPs))
}

// isOurs reports whether a listed key is one of ours, by its name.
func isOurs(k stalwart.APIKey) bool { return strings.HasPrefix(k.Name, namePrefix) }
