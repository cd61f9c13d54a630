package zone

import (
	"errors"
	"slices"
	"strings"
)

// ErrDMARC says that a text is no DMARC record.
var ErrDMARC = errors.New("not a DMARC record")

// parseDMARC reads a DMARC record (RFC 7489, section 6.3): names in lower case, the
// policies as well. Without a policy that exists it is none, although receivers guess
// one where rua= is there (section 6.6.3).
func parseDMARC(text string) (Tags, bool) {
	tags, ok := versioned(text, "DMARC1")
	if !ok {
		return nil, false
	}
	var all Tags
	for _, t := range tags {
		t.Name = strings.ToLower(t.Name)
		if slices.Contains([]string{"p", "sp", "adkim", "aspf"}, t.Name) {
			t.Value = strings.ToLower(t.Value)
		}
		if _, twice := all.Get(t.Name); twice {
			return nil, false
		}
		all = append(all, t)
	}
	p, _ := all.Get("p")
	return all, slices.Contains([]string{"none", "quarantine", "reject"}, p)
}

// isDMARC tells DMARC records from others of the name, also broken ones.
func isDMARC(text string) bool {
	name, rest, ok := strings.Cut(text, "=")
	version, _, _ := strings.Cut(rest, ";")
	return ok && strings.Trim(name, fws) == "v" && strings.Trim(version, fws) == "DMARC1"
}
