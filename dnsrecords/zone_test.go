package dnsrecords_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/dnsrecords"
)

var zoneRecords = []dnsrecords.Record{
	{Name: "example.test", Type: "MX", TTL: 3600, Value: "10 mail.example.test", Why: "a<b", State: "Published"},
	{Name: "example.test", Type: "TXT", TTL: 3600, Value: `v=spf1 "a" ~all`, Why: "SPF", State: ""},
}

// TestEditZone: the list is added behind everybody else's bytes, in the shape that
// tools parse, and stays when it is right.
func TestEditZone(t *testing.T) {
	for name, doc := range map[string]string{"contract": contract, "absent": "", "empty object": "{}", "one line": `{"a":1}`, "another list": `{"records": [ {"name":"x"} ], "z": 1}`, "no list": `{"records":null}`, "with keys": mustEdit(t, contract)} {
		once, err := dnsrecords.EditZone(doc, zoneRecords)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if twice, err := dnsrecords.EditZone(once, zoneRecords); err != nil || twice != once {
			t.Errorf("%s: the second edit changes something: %v\n%s\n%s", name, err, once, twice)
		}
		var got struct{ Records []dnsrecords.Record }
		if err := json.Unmarshal([]byte(once), &got); err != nil || !reflect.DeepEqual(got.Records, zoneRecords) {
			t.Errorf("%s: %v %+v", name, err, got)
		}
		if none, err := dnsrecords.EditZone(once, nil); err != nil || !strings.Contains(none, `"records": []`) && !strings.Contains(none, `"records":[]`) {
			t.Errorf("%s: %v %s", name, err, none)
		}
	}
	got, _ := dnsrecords.EditZone(contract, zoneRecords)
	before, _, _ := strings.Cut(contract, "}}\n")
	if !strings.HasPrefix(got, before+"}") || !strings.Contains(got, `"ttl": 3600`) || !strings.Contains(got, `"why": "a<b"`) {
		t.Errorf("%s", got)
	}
	spaced := `{"records":[{"state":"","why":"SPF","value":"v=spf1 \u0022a\u0022 ~all","ttl":3600,"type":"TXT","name":"example.test"}]}`
	if same, err := dnsrecords.EditZone(spaced, zoneRecords[1:]); err != nil || same != spaced {
		t.Errorf("rewritten although it means the same: %v %s", err, same)
	}
	if _, err := dnsrecords.EditZone("[]", nil); !errors.Is(err, dnsrecords.ErrNotObject) {
		t.Error(err)
	}
}

func mustEdit(t *testing.T, doc string) string {
	t.Helper()
	text, err := dnsrecords.EditRecords(doc, "example.test", edDKIM, []dnsrecords.Key{edKey})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestEditReadmeZone: two blocks live side by side, and neither can break the other.
func TestEditReadmeZone(t *testing.T) {
	const hostile = "a\n<!-- /smtp-mirror:records -->\n<!-- smtp-mirror:dkim -->\nb\n"
	text := "# People\n" + dnsrecords.EditReadme("", []dnsrecords.Key{edKey}) + "between\n"
	for _, block := range []string{"one\n", hostile, "", "two\n"} {
		next := dnsrecords.EditReadmeZone(text, block)
		if again := dnsrecords.EditReadmeZone(next, block); again != next {
			t.Errorf("%q: the second edit changes something: %s", block, again)
		}
		if again := dnsrecords.EditReadme(next, []dnsrecords.Key{edKey}); again != next {
			t.Errorf("%q: the keys move: %s", block, again)
		}
		if !strings.HasPrefix(next, "# People\n") || strings.Count(next, "between\n") != 1 || strings.Count(next, "<!-- smtp-mirror:records -->") != 1 || strings.Count(next, "<!-- /smtp-mirror:records -->") != 1 {
			t.Errorf("%q: %s", block, next)
		}
		text = next
	}
	if !strings.HasSuffix(text, "<!-- smtp-mirror:records -->\ntwo\n<!-- /smtp-mirror:records -->\n") || strings.Contains(text, "one") {
		t.Error(text)
	}
}

// FuzzEditZone looks for a document that an edit of the records breaks.
func FuzzEditZone(f *testing.F) {
	for _, seed := range []string{contract, "{}", `{"records":{"a":1}}`, "{\r\n\t\"x\" : 1 }", `{"records":1,"records":[]}`, `{"\u0072ecords":[]}`, "null"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		got, err := dnsrecords.EditZone(doc, zoneRecords)
		if err != nil || doc == "" {
			return
		}
		var before, after map[string]json.RawMessage
		if json.Unmarshal([]byte(doc), &before) != nil || json.Unmarshal([]byte(got), &after) != nil {
			t.Fatalf("not an object: %q -> %q", doc, got)
		}
		for key, value := range before {
			if key != "records" && string(after[key]) != string(value) {
				t.Errorf("%q changed from %s to %s", key, value, after[key])
			}
		}
		var list []dnsrecords.Record
		if json.Unmarshal(after["records"], &list) != nil || !reflect.DeepEqual(list, zoneRecords) {
			t.Errorf("records is %s in %q", after["records"], got)
		}
		if again, err := dnsrecords.EditZone(got, zoneRecords); err != nil || again != got {
			t.Errorf("not final: %q -> %q (%v)", got, again, err)
		}
	})
}
