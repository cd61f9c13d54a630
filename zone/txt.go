package zone

import "strings"

// maxString is the longest character-string of a TXT record (RFC 1035, section
// 3.3.14).
const maxString = 255

// Chunks cuts a TXT value into character-strings of at most 255 bytes, as the wire
// holds it. Readers join them without a space (RFC 6376, section 3.6.2.2).
func Chunks(text string) []string {
	var all []string
	for len(text) > maxString {
		all = append(all, text[:maxString])
		text = text[maxString:]
	}
	return append(all, text)
}

// Quote writes a TXT value as a zone file and many a provider's form want it:
// quoted character-strings (RFC 1035, section 5.1).
func Quote(text string) string {
	var out strings.Builder
	for i, chunk := range Chunks(text) {
		if i > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(`"` + escape(chunk) + `"`)
	}
	return out.String()
}

// Unquote reads what [Quote] writes, and every other way to write character-strings
// in a zone file: without quotes, in parentheses, over several lines.
func Unquote(text string) (string, error) {
	r, err := ParseBind(". 0 IN TXT " + text)
	return r.Value, err
}

// escape writes bytes as they stand between quotes.
func escape(raw string) string {
	var out strings.Builder
	for i := range len(raw) {
		switch b := raw[i]; {
		case b == '"' || b == '\\':
			out.Write([]byte{'\\', b})
		case b < ' ' || b > '~':
			out.Write([]byte{'\\', '0' + b/100, '0' + b/10%10, '0' + b%10})
		default:
			out.WriteByte(b)
		}
	}
	return out.String()
}

// unescape reads \X and \DDD (RFC 1035, section 5.1). A backslash at the end stands
// for nothing.
func unescape(text string) string {
	var out []byte
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			out = append(out, text[i])
			continue
		}
		i++
		switch {
		case i+2 < len(text) && digit(text[i]) && digit(text[i+1]) && digit(text[i+2]):
			out = append(out, (text[i]-'0')*100+(text[i+1]-'0')*10+text[i+2]-'0')
			i += 2
		case i < len(text):
			out = append(out, text[i])
		}
	}
	return string(out)
}

func digit(b byte) bool { return '0' <= b && b <= '9' }
