package dnsrecords

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrNotObject says that a document is not one JSON object.
var ErrNotObject = errors.New("not a JSON object")

// member is where a member of an object stands: offsets of its key and value.
type member struct {
	key                     string
	keyStart, start, valEnd int
}

// members lists the members of the object that doc is, in order, and the offset
// of its closing brace.
func members(doc []byte) ([]member, int, error) {
	if !json.Valid(doc) {
		return nil, 0, ErrNotObject
	}
	dec := json.NewDecoder(bytes.NewReader(doc))
	first, err := dec.Token()
	if err != nil || first != json.Delim('{') {
		return nil, 0, ErrNotObject
	}
	var all []member
	for dec.More() {
		before := int(dec.InputOffset())
		token, err := dec.Token()
		key, ok := token.(string)
		if err != nil || !ok {
			return nil, 0, ErrNotObject
		}
		m := member{key: key, keyStart: before + bytes.IndexByte(doc[before:], '"')}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, 0, fmt.Errorf("%w: %s", ErrNotObject, "a value does not parse")
		}
		m.valEnd = int(dec.InputOffset())
		m.start = m.valEnd - len(value)
		all = append(all, m)
	}
	if _, err := dec.Token(); err != nil {
		return nil, 0, ErrNotObject
	}
	return all, int(dec.InputOffset()) - 1, nil
}

// find is the last member of a name: the one that parsers take where a key
// stands twice.
func find(all []member, key string) (member, bool) {
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].key == key {
			return all[i], true
		}
	}
	return member{}, false
}

// value gives the bytes of a member's value.
func value(doc []byte, key string) (json.RawMessage, bool, error) {
	all, _, err := members(doc)
	if err != nil {
		return nil, false, err
	}
	m, ok := find(all, key)
	if !ok {
		return nil, false, nil
	}
	return doc[m.start:m.valEnd], true, nil
}

// set replaces a member's value, or adds the member behind the last one in the
// style of the document. All other bytes stay.
func set(doc []byte, key string, value []byte) ([]byte, error) {
	all, closing, err := members(doc)
	if err != nil {
		return nil, err
	}
	if m, ok := find(all, key); ok {
		return splice(doc, m.start, m.valEnd, value), nil
	}
	name, err := json.Marshal(key)
	if err != nil {
		return nil, fmt.Errorf("encoding the key %s: %w", key, err)
	}
	if len(all) == 0 {
		return splice(doc, closing, closing, bytes.Join([][]byte{name, []byte(": "), value}, nil)), nil
	}
	last := all[len(all)-1]
	text := bytes.Join([][]byte{[]byte(","), lead(doc, all), name, []byte(": "), value}, nil)
	return splice(doc, last.valEnd, last.valEnd, text), nil
}

// lead is the white space before the last member's key.
func lead(doc []byte, all []member) []byte {
	last := all[len(all)-1]
	from := last.keyStart
	for from > 0 && bytes.IndexByte([]byte(" \t\r\n"), doc[from-1]) >= 0 {
		from--
	}
	return doc[from:last.keyStart]
}

func splice(doc []byte, from, to int, text []byte) []byte {
	return bytes.Join([][]byte{doc[:from], text, doc[to:]}, nil)
}

// encode writes a value without escaping <, > and &; indent is the white space
// that begins a line of the document, "" for a compact value.
func encode(v any, indent string) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if indent != "" {
		enc.SetIndent(indent, "  ")
	}
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding a member of records.json: %w", err)
	}
	return bytes.TrimSpace(out.Bytes()), nil
}
