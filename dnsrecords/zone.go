package dnsrecords

const memberRecords = "records"

// Record is an entry of records: what must be published, and whether it is. Times of
// looks are left out, so that the document changes only when what it says does.
type Record struct {
	Name  string `json:"name"` // absolute, without the dot at the end
	Type  string `json:"type"`
	TTL   int    `json:"ttl"`   // seconds
	Value string `json:"value"` // a TXT as one string
	Why   string `json:"why"`   // for people
	State string `json:"state"` // "Published", "Missing", ...; "" where nobody has looked yet
}

// EditZone puts the records into records.json and returns the new text. A text that
// already says the same comes back unchanged, to the byte.
func EditZone(text string, records []Record) (string, error) {
	if text == "" {
		text = "{}\n"
	}
	doc, err := editList([]byte(text), memberRecords, notNil(records))
	if err != nil {
		return "", err
	}
	return string(doc), nil
}
