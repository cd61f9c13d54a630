package dnsrecords

import "strings"

// The markers of our block in README.md.
const (
	beginDKIM = "<!-- smtp-mirror:dkim -->"
	endDKIM   = "<!-- /smtp-mirror:dkim -->"
)

// EditReadme puts the table of keys between the markers, or appends the block
// where there is none. Nothing else is touched; a marker without its partner is
// left alone as text.
func EditReadme(text string, keys []Key) string {
	block := beginDKIM + "\n" + table(keys) + endDKIM
	if begin := strings.LastIndex(text, beginDKIM); begin >= 0 {
		if end := strings.Index(text[begin:], endDKIM); end >= 0 {
			return text[:begin] + block + text[begin+end+len(endDKIM):]
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
