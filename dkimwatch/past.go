package dkimwatch

import (
	"maps"
	"slices"
	"time"

	"github.com/openova-io/smtp-mirror/stalwart"
)

// Past are keys that mail was signed with, by selector, whoever has made them. One that
// Stalwart lists no more (its volume was lost, or somebody has deleted it) goes on in the
// DNS: mail on its way is verified with it. It is memory only, and no document is
// believed instead: whoever may edit the ConfigMap must not bring a key into the DNS.
type Past map[string]PastKey

// PastKey is a key, and when it was missed first; zero while it is listed.
type PastKey struct {
	Key  stalwart.DKIMKey
	Gone time.Time
}

// Follow takes in what Stalwart lists now, and gives the keys that it lists no more but
// that are still needed, and after how long the next of them is not.
func (p Past) Follow(keys []stalwart.DKIMKey, stay time.Duration, now time.Time) (gone []stalwart.DKIMKey, next time.Duration) {
	listed := map[string]bool{}
	for _, k := range keys {
		listed[k.Selector] = true
		delete(p, k.Selector) // a selector has one record
	}
	for _, k := range keys {
		if _, there := p[k.Selector]; !there && k.PublicKey != "" && (k.Stage == StageActive || k.Stage == StageRetiring) {
			p[k.Selector] = PastKey{Key: k}
		}
	}
	for _, selector := range slices.Sorted(maps.Keys(p)) {
		if listed[selector] {
			continue
		}
		past := p[selector]
		if past.Gone.IsZero() {
			past.Gone, past.Key.Stage = now, StageRetiring
			p[selector] = past
		}
		left := past.Gone.Add(stay).Sub(now)
		if left <= 0 {
			delete(p, selector)
			continue
		}
		gone = append(gone, past.Key)
		if next == 0 || left < next {
			next = left
		}
	}
	return gone, next
}
