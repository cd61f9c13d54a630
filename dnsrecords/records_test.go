package dnsrecords_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/dnsrecords"
)

// contract is records.json as the chart renders it, with white space and fields
// that nobody here knows.
const contract = `{"sovereignFQDN": "example.test", "mailHost": "mail.example.test",
 "mx":    {"name": "example.test", "value": "mail.example.test", "priority": 10},
 "dkim":  {"selector": "dkim", "name": "dkim._domainkey.example.test", "algorithm": "ed25519-sha256", "publicKey": "", "note":  [1,2 ]},
 "big": 12345678901234567890, "html": "a<b&c", "esc": "\u00e4\/",
 "ptr":   {"name": "<LoadBalancer IPv4>", "value": "mail.example.test"}}
`

var (
	edKey  = dnsrecords.NewKey("example.test", "v1-ed", dnsrecords.Ed25519SHA256, "p58nBqul6LwHCjxB/YmFykGhi0EF8RjSg+yoTQXxWMU=", "active")
	rsaKey = dnsrecords.NewKey("example.test", "v1-rsa", dnsrecords.RSASHA256, strings.Repeat("MIIB", 98), "active")
	edDKIM = &dnsrecords.DKIM{Selector: "v1-ed", Name: edKey.Name, Algorithm: edKey.Algorithm, PublicKey: edKey.PublicKey}
)

func TestEditRecordsTouchesOnlyOurMembers(t *testing.T) {
	got, err := dnsrecords.EditRecords(contract, "example.test", edDKIM, []dnsrecords.Key{edKey})
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{`"mx":    {"name": "example.test", "value": "mail.example.test", "priority": 10}`, `"note":  [1,2 ]`, `"big": 12345678901234567890, "html": "a<b&c", "esc": "\u00e4\/"`,
		`"publicKey": "p58nBqul6LwHCjxB/YmFykGhi0EF8RjSg+yoTQXxWMU="`, `"selector": "v1-ed"`} {
		if !strings.Contains(got, kept) {
			t.Errorf("missing: %s\nin %s", kept, got)
		}
	}
	before, _, _ := strings.Cut(contract, `"dkim":`)
	if !strings.HasPrefix(got, before+`"dkim":  {`) {
		t.Errorf("what stands before dkim has changed:\n%s", got)
	}
	var parsed struct{ DkimKeys []dnsrecords.Key }
	if err := json.Unmarshal([]byte(got), &parsed); err != nil || len(parsed.DkimKeys) != 1 || !reflect.DeepEqual(parsed.DkimKeys[0], edKey) {
		t.Errorf("dkimKeys: %v %+v", err, parsed)
	}
}

func TestEditRecordsIsIdempotent(t *testing.T) {
	for name, doc := range map[string]string{"contract": contract, "absent": "", "empty object": "{}", "one line": `{"a":1}`, "dkim null": `{"dkim":null}`, "twice": `{"dkim":{},"x":1,"dkim":{"publicKey":"\u0041"}}`} {
		once, err := dnsrecords.EditRecords(doc, "example.test", edDKIM, []dnsrecords.Key{edKey, rsaKey})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		twice, err := dnsrecords.EditRecords(once, "example.test", edDKIM, []dnsrecords.Key{edKey, rsaKey})
		if err != nil || once != twice {
			t.Errorf("%s: the second edit changes something: %v\n%s\n%s", name, err, once, twice)
		}
		var got struct{ Dkim dnsrecords.DKIM }
		if err := json.Unmarshal([]byte(once), &got); err != nil || got.Dkim != *edDKIM {
			t.Errorf("%s: %v %+v", name, err, got)
		}
	}
}

func TestEditRecordsWithoutKeys(t *testing.T) {
	with, _ := dnsrecords.EditRecords(contract, "example.test", edDKIM, []dnsrecords.Key{edKey})
	got, err := dnsrecords.EditRecords(with, "example.test", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got, `"selector": "v1-ed"`) || !strings.Contains(got, `"publicKey": ""`) || !strings.Contains(got, `"dkimKeys": []`) {
		t.Errorf("got %s", got)
	}
}

func TestEditRecordsRefusesWhatIsNotAnObject(t *testing.T) {
	for _, doc := range []string{"null", "[]", "{", "{} {}", "\"x\"", "{\"a\":}", " ", "\xff"} {
		if got, err := dnsrecords.EditRecords(doc, "example.test", edDKIM, nil); !errors.Is(err, dnsrecords.ErrNotObject) || got != "" {
			t.Errorf("%q: %v %q", doc, err, got)
		}
	}
}

func TestKeyForms(t *testing.T) {
	if edKey.TXT != "v=DKIM1; k=ed25519; h=sha256; p="+edKey.PublicKey || len(edKey.TXTChunks) != 1 {
		t.Errorf("%+v", edKey)
	}
	if edKey.Bind != `v1-ed._domainkey.example.test. IN TXT "`+edKey.TXT+`"` {
		t.Errorf("%s", edKey.Bind)
	}
	if len(rsaKey.TXTChunks) != 2 || len(rsaKey.TXTChunks[0]) != 255 || strings.Join(rsaKey.TXTChunks, "") != rsaKey.TXT || !strings.Contains(rsaKey.Bind, `" "`) {
		t.Errorf("%+v", rsaKey)
	}
}

func TestEditReadme(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "people": "# Records\nhello", "stray end": "x <!-- /smtp-mirror:dkim --> y\n", "stray begin": "x <!-- smtp-mirror:dkim --> y\n"} {
		once := dnsrecords.EditReadme(text, []dnsrecords.Key{edKey})
		if !strings.HasPrefix(once, text) || !strings.Contains(once, edKey.PublicKey) {
			t.Errorf("%s: %q", name, once)
		}
		if twice := dnsrecords.EditReadme(once, []dnsrecords.Key{edKey}); twice != once {
			t.Errorf("%s: the second edit changes something", name)
		}
		after := dnsrecords.EditReadme(once+"tail\n", []dnsrecords.Key{rsaKey})
		if !strings.HasPrefix(after, text) || !strings.HasSuffix(after, "tail\n") || strings.Contains(after, edKey.PublicKey) {
			t.Errorf("%s: %q", name, after)
		}
	}
}

// FuzzEditRecords looks for a document that an edit breaks: the result must be
// an object, say what was asked, keep every other member's bytes, and be final.
func FuzzEditRecords(f *testing.F) {
	for _, seed := range []string{contract, "{}", `{"dkim":{"selector":1},"dkimKeys":{}}`, `{"a":{"dkim":1}}`, "{\r\n\t\"x\" : 1 }", `{"dkim":{},"dkim":{}}`, `{"\u0064kim":{"a":1}}`, "null"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		got, err := dnsrecords.EditRecords(doc, "example.test", edDKIM, []dnsrecords.Key{edKey})
		if err != nil || doc == "" {
			return
		}
		var before, after map[string]json.RawMessage
		if json.Unmarshal([]byte(doc), &before) != nil || json.Unmarshal([]byte(got), &after) != nil {
			t.Fatalf("not an object: %q -> %q", doc, got)
		}
		for key, value := range before {
			if key != "dkim" && key != "dkimKeys" && string(after[key]) != string(value) {
				t.Errorf("%q changed from %s to %s", key, value, after[key])
			}
		}
		var dkim map[string]any // not the struct: encoding/json would also take "Selector"
		if json.Unmarshal(after["dkim"], &dkim) != nil || dkim["selector"] != edDKIM.Selector || dkim["name"] != edDKIM.Name ||
			dkim["algorithm"] != edDKIM.Algorithm || dkim["publicKey"] != edDKIM.PublicKey {
			t.Errorf("dkim is %s in %q", after["dkim"], got)
		}
		if again, err := dnsrecords.EditRecords(got, "example.test", edDKIM, []dnsrecords.Key{edKey}); err != nil || again != got {
			t.Errorf("not final: %q -> %q (%v)", got, again, err)
		}
	})
}
