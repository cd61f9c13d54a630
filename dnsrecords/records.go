package dnsrecords

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Keys of the ConfigMap.
const (
	RecordsKey = "records.json"
	ReadmeKey  = "README.md"
)

const (
	memberDKIM = "dkim"
	memberKeys = "dkimKeys"
)

// DKIM is the member "dkim" of records.json, the one key that older tools
// publish.
type DKIM struct {
	Selector  string `json:"selector"`
	Name      string `json:"name"`
	Algorithm string `json:"algorithm"`
	PublicKey string `json:"publicKey"`
}

// EditRecords puts the keys into records.json and returns the new text. dkim nil
// means that there is no key to show: only its publicKey is emptied. A text that
// already says the same comes back unchanged, to the byte. An empty text is a
// document that does not exist yet.
func EditRecords(text, domain string, dkim *DKIM, keys []Key) (string, error) {
	if text == "" {
		return newRecords(domain, dkim, keys)
	}
	doc, err := editDKIM([]byte(text), domain, dkim)
	if err != nil {
		return "", err
	}
	doc, err = editList(doc, memberKeys, notNil(keys))
	if err != nil {
		return "", err
	}
	return string(doc), nil
}

func newRecords(domain string, dkim *DKIM, keys []Key) (string, error) {
	if dkim == nil {
		dkim = chartDefault(domain)
	}
	text, err := encode(struct {
		DKIM *DKIM `json:"dkim"`
		Keys []Key `json:"dkimKeys"`
	}{dkim, notNil(keys)}, " ")
	if err != nil {
		return "", err
	}
	return strings.ReplaceAll(string(text), "\n ", "\n") + "\n", nil
}

// chartDefault is what the chart renders before there is a key.
func chartDefault(domain string) *DKIM {
	return &DKIM{Selector: "dkim", Name: Name("dkim", domain), Algorithm: Ed25519SHA256}
}

// notNil makes [] of no list, where JSON would have null.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// editDKIM sets the members of "dkim" one by one, so that what others keep
// inside of it stays.
func editDKIM(doc []byte, domain string, dkim *DKIM) ([]byte, error) {
	old, ok, err := value(doc, memberDKIM)
	if err != nil {
		return nil, err
	}
	want := dkim
	if want == nil {
		want = chartDefault(domain)
	}
	if _, _, err := members(old); !ok || err != nil { // absent, null, or not an object
		text, err := encode(want, "")
		if err != nil {
			return nil, err
		}
		return set(doc, memberDKIM, text)
	}
	fields := [][2]string{{"selector", want.Selector}, {"name", want.Name}, {"algorithm", want.Algorithm}, {"publicKey", want.PublicKey}}
	edited := []byte(old)
	for _, f := range fields {
		_, there, err := value(edited, f[0])
		if err != nil {
			return nil, err
		}
		if dkim == nil && there && f[0] != "publicKey" {
			continue // nothing to show: the selector to come stays announced
		}
		edited, err = setString(edited, f[0], f[1])
		if err != nil {
			return nil, err
		}
	}
	return set(doc, memberDKIM, edited)
}

// setString sets a member to a string unless it is that string already, however
// it is escaped.
func setString(doc []byte, key, want string) ([]byte, error) {
	have, ok, err := value(doc, key)
	if err != nil {
		return nil, err
	}
	var text *string
	if ok && json.Unmarshal(have, &text) == nil && text != nil && *text == want {
		return doc, nil
	}
	encoded, err := encode(want, "")
	if err != nil {
		return nil, err
	}
	return set(doc, key, encoded)
}

// editList replaces a list as a whole unless it means the same.
func editList(doc []byte, member string, list any) ([]byte, error) {
	old, ok, err := value(doc, member)
	if err != nil {
		return nil, err
	}
	text, err := encode(list, indentOf(doc))
	if err != nil {
		return nil, err
	}
	var have, want any
	if err := json.Unmarshal(text, &want); err != nil {
		return nil, fmt.Errorf("decoding our own list %s: %w", member, err)
	}
	if ok && json.Unmarshal(old, &have) == nil && reflect.DeepEqual(have, want) {
		return doc, nil
	}
	return set(doc, member, text)
}

// indentOf is the white space that begins the document's top-level lines, ""
// for a document on one line.
func indentOf(doc []byte) string {
	all, _, err := members(doc)
	if err != nil || len(all) == 0 {
		return ""
	}
	_, after, broken := strings.Cut(string(lead(doc, all)), "\n")
	if !broken {
		return ""
	}
	return after
}
