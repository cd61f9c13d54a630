package zone

import (
	"errors"
	"fmt"
	"strings"
)

// ErrTags says that a text is no tag list (RFC 6376, section 3.2).
var ErrTags = errors.New("not a tag list")

// Tag is one tag of a DKIM, DMARC, TLS-RPT or MTA-STS record. Names keep their case.
type Tag struct{ Name, Value string }

// Tags is a tag list, in its order. No name stands twice.
type Tags []Tag

// fws is the folding white space that a tag list may hold.
const fws = " \t\r\n"

// ParseTags reads a tag list. White space around names and values is dropped. More
// bytes are allowed within values than RFC 6376 has, because verifiers allow them.
func ParseTags(text string) (Tags, error) {
	var all Tags
	specs := strings.Split(text, ";")
	for i, spec := range specs {
		if i > 0 && i == len(specs)-1 && strings.Trim(spec, fws) == "" {
			break // one semicolon may stand at the end
		}
		name, value, ok := strings.Cut(spec, "=")
		name = strings.Trim(name, fws)
		if _, twice := all.Get(name); !ok || twice || !tagName(name) {
			return nil, fmt.Errorf("%w: at tag %d", ErrTags, i+1)
		}
		all = append(all, Tag{name, strings.Trim(value, fws)})
	}
	return all, nil
}

func tagName(name string) bool {
	for i := range len(name) {
		b := name[i] | 0x20
		if alpha := 'a' <= b && b <= 'z'; !alpha && (i == 0 || !digit(name[i]) && name[i] != '_') {
			return false
		}
	}
	return name != ""
}

// Get is a tag's value, and whether the tag is there.
func (t Tags) Get(name string) (string, bool) {
	for _, tag := range t {
		if tag.Name == name {
			return tag.Value, true
		}
	}
	return "", false
}

// set changes a tag, or adds it at the end.
func (t Tags) set(name, value string) Tags {
	for i := range t {
		if t[i].Name == name {
			t[i].Value = value
			return t
		}
	}
	return append(t, Tag{name, value})
}

// list is a tag's value as the list that it is, split at the separator. Empty
// elements are left out.
func (t Tags) list(name, separator string) []string {
	var all []string
	value, _ := t.Get(name)
	for _, part := range strings.Split(value, separator) {
		if part = strings.Trim(part, fws); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// String writes the list in one line.
func (t Tags) String() string {
	parts := make([]string, len(t))
	for i, tag := range t {
		parts[i] = tag.Name + "=" + tag.Value
	}
	return strings.Join(parts, "; ")
}

// versioned reads a list whose first tag is v= with exactly this version.
func versioned(text, version string) (Tags, bool) {
	tags, err := ParseTags(text)
	if err != nil || tags[0] != (Tag{"v", version}) {
		return nil, false
	}
	return tags, true
}
