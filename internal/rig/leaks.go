package rig

import (
	"encoding/base64"
	"strings"
)

// Spellings are secrets as they are, as a Secret's data, and as they travel in
// HTTP Basic and SASL PLAIN.
func Spellings(secrets ...string) []string {
	var all []string
	for _, value := range secrets {
		all = append(all, value, base64.StdEncoding.EncodeToString([]byte(value)))
		for _, user := range []string{AdminUser, "noreply", "noreply@" + Domain} {
			all = append(all, base64.StdEncoding.EncodeToString([]byte(user+":"+value)),
				base64.StdEncoding.EncodeToString([]byte("\x00"+user+"\x00"+value)))
		}
	}
	return all
}

// Leaks counts the secrets of every rig, and further ones, that a text shows in
// any spelling.
func Leaks(text string, further ...string) int {
	n := 0
	for _, spelling := range Spellings(append(Canaries(), further...)...) {
		n += strings.Count(text, spelling)
	}
	return n
}
