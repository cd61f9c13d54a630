package dnsrecords

import "strings"

// The markers of our two blocks in README.md.
const (
	beginDKIM    = "<!-- smtp-mirror:dkim -->"
	endDKIM      = "<!-- /smtp-mirror:dkim -->"
	beginRecords = "<!-- smtp-mirror:records -->"
	endRecords   = "<!-- /smtp-mirror:records -->"
)

// EditReadme puts the table of keys between the markers, or appends the block
// where there is none. Nothing else is touched; a marker without its partner is
// left alone as text.
func EditReadme(text string, keys []Key) string {
	return editBlock(text, beginDKIM, endDKIM, table(keys))
}

// EditReadmeZone does the same with what people are told about all records, which is
// a text that ends with a line break.
func EditReadmeZone(text, block string) string {
	inert := strings.NewReplacer("<!-- smtp-mirror:", "&lt;!-- smtp-mirror:", "<!-- /smtp-mirror:", "&lt;!-- /smtp-mirror:")
	return editBlock(text, beginRecords, endRecords, inert.Replace(block))
}

func editBlock(text, begin, end, block string) string {
	block = begin + "\n" + block + end
	if from := strings.LastIndex(text, begin); from >= 0 {
		if to := strings.Index(text[from:], end); to >= 0 {
			return text[:from] + block + text[from+to+len(end):]
		}
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	if text != "" {
		text += "\n"
	}
	return text + block + "\n"
}

func table(keys []Key) string {
	if len(keys) == 0 {
		return "Stalwart holds no DKIM key for this domain yet.\n"
	}
	var out strings.Builder
	out.WriteString("| TXT record | stage | algorithm | value |\n|---|---|---|---|\n")
	for _, k := range keys {
		out.WriteString("| `" + k.Name + "` | " + k.Stage + " | " + k.Algorithm + " | `" + k.TXT + "` |\n")
	}
	return out.String()
}
