package submission_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/submission"
)

func good() map[string][]byte {
	return map[string][]byte{
		"smtp-host": []byte("mail.example.test"), "smtp-port": []byte("587"), "smtp-from": []byte("noreply@example.test"),
		"smtp-user": []byte("noreply"), "smtp-pass": []byte("s3cret canary"),
	}
}

func TestFromSecret(t *testing.T) {
	c, err := submission.FromSecret(good(), "example.test")
	if err != nil {
		t.Fatal(err)
	}
	if c.Host != "mail.example.test" || c.Port != 587 || c.From != "noreply@example.test" || c.User != "noreply" || c.Password.Reveal() != "s3cret canary" {
		t.Errorf("got %+v", c)
	}
	if c.ImplicitTLS() {
		t.Error("587 is STARTTLS")
	}
}

func TestFromSecretNamesTheField(t *testing.T) {
	type row struct {
		name, key, value, problem string
	}
	var rows []row
	for _, key := range submission.Keys() {
		rows = append(rows, row{"empty", key, "", "is empty"}, row{"LF", key, "a\nb", "line break"},
			row{"CR", key, "a\r", "line break"}, row{"NUL", key, "a\x00", "line break"})
	}
	rows = append(rows,
		row{"zero", "smtp-port", "0", "1 to 65535"}, row{"big", "smtp-port", "65536", "1 to 65535"}, row{"negative", "smtp-port", "-1", "1 to 65535"},
		row{"word", "smtp-port", "smtp", "1 to 65535"}, row{"space", "smtp-port", " 587", "white space"}, row{"hex", "smtp-port", "0x24", "1 to 65535"},
		row{"other domain", "smtp-from", "noreply@example.org", "address of example.test"}, row{"subdomain", "smtp-from", "a@sub.example.test", "address of"},
		row{"no at", "smtp-from", "noreply", "address of"}, row{"named", "smtp-from", "N <noreply@example.test>", "address of"},
		row{"url", "smtp-host", "smtp://mail", "host name"}, row{"space inside", "smtp-host", "mail example", "host name"})
	for _, r := range rows {
		t.Run(r.key+"/"+r.name, func(t *testing.T) {
			data := good()
			data[r.key] = []byte(r.value)
			_, err := submission.FromSecret(data, "example.test")
			var field *submission.FieldError
			if !errors.As(err, &field) || field.Key != r.key || !strings.Contains(field.Problem, r.problem) {
				t.Errorf("got %v, want %s %s", err, r.key, r.problem)
			}
		})
	}
	for _, key := range submission.Keys() {
		data := good()
		delete(data, key)
		_, err := submission.FromSecret(data, "example.test")
		if err == nil || err.Error() != key+" is missing" {
			t.Errorf("without %s: %v", key, err)
		}
	}
}

func FuzzFromSecret(f *testing.F) {
	g := good()
	f.Add(g["smtp-host"], g["smtp-port"], g["smtp-from"], g["smtp-user"], g["smtp-pass"])
	f.Add([]byte("::1"), []byte("465"), []byte("\"a b\"@example.test"), []byte("u@example.test"), []byte("p"))
	f.Fuzz(func(t *testing.T, host, port, from, user, pass []byte) {
		c, err := submission.FromSecret(map[string][]byte{"smtp-host": host, "smtp-port": port, "smtp-from": from, "smtp-user": user, "smtp-pass": pass}, "example.test")
		if err != nil {
			if len(pass) >= 4 && !strings.Contains(string(pass), "smtp") && strings.Contains(err.Error(), string(pass)) && len(pass) > 12 {
				t.Errorf("the error shows the password: %q", err)
			}
			return
		}
		if c.Port == 0 || c.User != string(user) || c.Password.Reveal() != string(pass) || !strings.HasSuffix(strings.ToLower(c.From), "@example.test") {
			t.Errorf("accepted %q %q %q %q", host, port, from, user)
		}
	})
}

func TestLedger(t *testing.T) {
	c, _ := submission.FromSecret(good(), "example.test")
	data := good()
	data["smtp-pass"] = []byte("another")
	d, _ := submission.FromSecret(data, "example.test")
	var l submission.Ledger
	if l.Latest("x").Covers("u", c) {
		t.Error("an empty ledger proves something")
	}
	now := time.Unix(1, 0)
	if !l.Record("x", submission.Proof{SourceUID: "u", Credentials: c, At: now}) {
		t.Error("the first proof is news")
	}
	if l.Record("x", submission.Proof{SourceUID: "u", Credentials: c, At: now}) {
		t.Error("the same proof again is no news")
	}
	if !l.Latest("x").Covers("u", c) || l.Latest("x").Covers("v", c) || l.Latest("x").Covers("u", d) || l.Latest("y").Covers("u", c) {
		t.Error("the proof covers the wrong things")
	}
	if !l.Record("x", submission.Proof{SourceUID: "u", Credentials: d, At: now}) {
		t.Error("a proof for other bytes is news")
	}
	l.Revoke("x")
	if l.Latest("x").Covers("u", d) {
		t.Error("a revoked proof still covers")
	}
}
