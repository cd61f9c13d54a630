package stalwarttest

import (
	"fmt"
	"strings"
	"unicode"
)

// weakness is the reason why 0.16 refuses a password, or "". Stalwart asks
// zxcvbn for a score of three; this is a rough stand-in that refuses the short,
// the common and the monotonous and accepts anything long and mixed.
func weakness(password string, auth object) string {
	low, high := int(num(auth["passwordMinLength"])), int(num(auth["passwordMaxLength"]))
	switch {
	case len(password) > high:
		return fmt.Sprintf("Password must be at most %d characters long.", high)
	case len(password) < low:
		return fmt.Sprintf("Password must be at least %d characters long.", low)
	}
	const weak, advice = "Password is too weak. ", " Add another word or two. Uncommon words are better."
	base := strings.TrimRightFunc(strings.ToLower(password), func(r rune) bool { return !unicode.IsLetter(r) })
	switch {
	case topTen(strings.ToLower(password)):
		return weak + "This is a top-10 common password." + advice
	case common(base):
		return weak + "This is a very common password." + advice
	case distinct(password) < 5:
		return weak + `Repeats like "aaa" are easy to guess.` + advice + " Avoid repeated words and characters."
	case sequence(strings.ToLower(password)):
		return weak + "This is similar to a commonly used password." + advice
	case len(password) < 16 && classes(password) < 2, len(password) < 10 && classes(password) < 3:
		return weak + "Add another word or two. Uncommon words are better."
	}
	return ""
}

func topTen(s string) bool {
	for _, word := range strings.Fields("123456 password 12345678 qwerty 123456789 12345 1234 111111 1234567 dragon") {
		if s == word {
			return true
		}
	}
	return false
}

func common(s string) bool {
	for _, word := range strings.Fields("password qwertyuiop letmein welcome iloveyou changeme administrator football baseball princess sunshine trustno superman summer winter spring autumn secret master monkey shadow") {
		if s == word {
			return true
		}
	}
	return false
}

// sequence finds runs of neighbours that make up half of the password.
func sequence(s string) bool {
	run := 0
	for i := 1; i < len(s); i++ {
		if s[i] == s[i-1]+1 {
			run++
		}
	}
	return run*2 > len(s)
}

func distinct(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

func classes(s string) int {
	seen := map[int]bool{}
	for _, r := range s {
		switch {
		case unicode.IsUpper(r):
			seen[0] = true
		case unicode.IsLower(r):
			seen[1] = true
		case unicode.IsDigit(r):
			seen[2] = true
		default:
			seen[3] = true
		}
	}
	return len(seen)
}
