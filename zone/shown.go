package zone

import (
	"fmt"
	"strings"
)

// longest is how much of a foreign value people are shown.
const longest = 1200

// Shown is a text that may come from anybody, fit for a document or a log line:
// printable ASCII on one line, nothing that ends a code span, a table's cell or is
// HTML, and not endless. What is replaced stands there as \DDD.
func Shown(text string) string {
	if len(text) > longest {
		return harmless(text[:longest]) + "..."
	}
	return harmless(text)
}

func harmless(text string) string {
	var out strings.Builder
	for i := range len(text) {
		if b := text[i]; b < ' ' || b > '~' || b == '`' || b == '<' || b == '|' {
			fmt.Fprintf(&out, `\%03d`, b)
		} else {
			out.WriteByte(b)
		}
	}
	return out.String()
}
