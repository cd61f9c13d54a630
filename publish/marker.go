package publish

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/zone"
)

// markerLabel is the label under the zone's apex below which installations say what
// is theirs (RFC 8552: no host has an underscore).
const markerLabel = "_smtp-mirror"

// markerTTL is short: nobody but us asks for it.
const markerTTL = time.Minute

// mark says that one record is ours: its name, type, and a digest of its value. The
// value itself is not repeated, so that a marker is always short.
type mark struct{ name, kind, sum string }

func markOf(r zone.Record) mark {
	sum := sha256.Sum256([]byte(r.Value))
	return mark{r.Name, r.Type, hex.EncodeToString(sum[:16])}
}

func (m mark) id() id { return id{m.name, m.kind} }

const markFormat = "heritage=smtp-mirror type=%s name=%s sha256=%s"

func (m mark) String() string { return fmt.Sprintf(markFormat, m.kind, m.name, m.sum) }

// parseMark reads what String writes; ok is false for everything else.
func parseMark(text string) (m mark, ok bool) {
	_, err := fmt.Sscanf(text, markFormat, &m.kind, &m.name, &m.sum)
	return m, err == nil && m.String() == text
}

// markerName is where the marks of an installation are.
func markerName(owner, apex string) string { return owner + "." + markerLabel + "." + apex }

// record is the mark as what is published.
func (m mark) record(name string) zone.Record {
	return zone.Record{Name: name, Type: "TXT", TTL: markerTTL, Value: m.String()}
}

// marks reads the marks out of the records of the marker's name.
func marks(records []zone.Record) map[mark]bool {
	all := map[mark]bool{}
	for _, r := range records {
		if m, ok := parseMark(r.Value); ok {
			all[m] = true
		}
	}
	return all
}

// ownedIDs are the sets in which something is ours.
func ownedIDs(owned map[mark]bool) map[id]bool {
	all := map[id]bool{}
	for m := range owned {
		all[m.id()] = true
	}
	return all
}

// within reports whether a name is in a zone.
func within(name, apex string) bool { return name == apex || strings.HasSuffix(name, "."+apex) }
