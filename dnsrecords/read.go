package dnsrecords

import "encoding/json"

// Keys lists the keys that records.json names; none where it is no such document.
func Keys(text string) []Key {
	var document struct {
		Keys []Key `json:"dkimKeys"`
	}
	if json.Unmarshal([]byte(text), &document) != nil {
		return nil
	}
	return document.Keys
}
