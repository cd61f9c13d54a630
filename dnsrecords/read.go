package dnsrecords

import "encoding/json"

// Keys lists the keys that records.json names; none where it is no such document.
func Keys(text string) []Key { return listOf[Key](text, memberKeys) }

// Records lists the records that records.json names; none where it is no such document.
func Records(text string) []Record { return listOf[Record](text, memberRecords) }

func listOf[T any](text, name string) []T {
	var document map[string]json.RawMessage
	var list []T
	if json.Unmarshal([]byte(text), &document) != nil || json.Unmarshal(document[name], &list) != nil {
		return nil
	}
	return list
}
