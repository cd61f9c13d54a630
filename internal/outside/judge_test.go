package outside_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/emersion/go-smtp"

	"github.com/openova-io/smtp-mirror/internal/outside"
	"github.com/openova-io/smtp-mirror/zone"
)

const text = "From: Console <noreply@example.test>\r\nTo: someone@outside.test\r\nSubject: PIN\r\n\r\nYour PIN is 000000.\r\n"

// signed is a mail with both algorithms, and its records.
func signed(t *testing.T) ([]byte, []zone.Record) {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	rsaPublic, err := x509.MarshalPKIXPublicKey(rsaKey.Public())
	must(t, err)
	edPublic, edKey, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	mail := []byte(text)
	records := []zone.Record{txt(domain, "v=spf1 a -all"), txt("_dmarc."+domain, "v=DMARC1; p=reject"), {Name: domain, Type: "A", Value: "127.0.0.1"}}
	for kind, key := range map[string]struct {
		signer crypto.Signer
		public []byte
	}{"rsa": {rsaKey, rsaPublic}, "ed25519": {edKey, edPublic}} {
		var out bytes.Buffer
		must(t, dkim.Sign(&out, bytes.NewReader(mail), &dkim.SignOptions{Domain: domain, Selector: kind, Signer: key.signer, Hash: crypto.SHA256}))
		mail = out.Bytes()
		records = append(records, txt(kind+"._domainkey."+domain, "v=DKIM1; k="+kind+"; p="+base64.StdEncoding.EncodeToString(key.public)))
	}
	return mail, records
}

func TestJudge(t *testing.T) {
	data, records := signed(t)
	const from, here = "noreply@" + domain, "127.0.0.1"
	at := func(name string, r zone.Record) bool { return strings.HasPrefix(r.Name, name) }
	without := func(name string) []zone.Record {
		var left []zone.Record
		for _, r := range records {
			if !at(name, r) {
				left = append(left, r)
			}
		}
		return left
	}
	wrong := append(without("rsa"), txt("rsa._domainkey."+domain, strings.ReplaceAll(recordOf(t, records, "rsa"), "p=MIIBIj", "p=MIIBIk")))
	other := append(without("ed25519"), txt("ed25519._domainkey."+domain, "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="))
	tests := map[string]struct {
		records    []zone.Record
		peer, from string
		data       []byte
		want       string // spf, dmarc, rsa, ed25519, valid, unknown
	}{
		"all right":             {records, here, from, data, "pass pass true true true false"},
		"from elsewhere":        {records, "192.0.2.1", from, data, "fail pass true true true false"},
		"not signed":            {records, here, from, []byte(text), "pass pass false false false false"},
		"neither":               {records, "192.0.2.1", from, []byte(text), "fail fail false false false false"},
		"unaligned SPF":         {append(records, txt("other.test", "v=spf1 +all")), here, "x@other.test", []byte(text), "pass fail false false false false"},
		"changed on the way":    {records, here, from, bytes.Replace(data, []byte("000000"), []byte("111111"), 1), "pass pass false false false false"},
		"a key is unknown":      {without("rsa"), here, from, data, "pass pass false true true true"},
		"a key is empty":        {append(without("rsa"), txt("rsa._domainkey."+domain, "v=DKIM1; p=")), here, from, data, "pass pass false true true true"},
		"a key is another":      {other, here, from, data, "pass pass true false true true"},
		"a key is broken":       {wrong, here, from, data, "pass pass false true true true"},
		"nothing was published": {nil, here, from, data, "none none false false false true"},
	}
	for name, test := range tests {
		w := start(t, outside.Options{Zones: []string{domain, "other.test"}, Servers: 2})
		must(t, w.Publish(test.records))
		m := outside.Mail{Peer: test.peer, Helo: "mail." + domain, From: test.from, Data: test.data}
		if got := told(w.JudgeAgain(t.Context(), m)); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func recordOf(t *testing.T, records []zone.Record, name string) string {
	t.Helper()
	for _, r := range records {
		if strings.HasPrefix(r.Name, name) {
			return r.Value
		}
	}
	t.Fatal("there is no record " + name)
	return ""
}

func told(r outside.Result) string {
	word := map[bool]string{true: "true", false: "false"}
	return strings.Join([]string{r.SPF, r.DMARC, word[r.Passed("rsa-sha256")], word[r.Passed("ed25519-sha256")], word[r.Valid()], word[r.Unknown()]}, " ")
}

// TestJudgeAsksEveryServer: a real receiver asks any one of them.
func TestJudgeAsksEveryServer(t *testing.T) {
	data, records := signed(t)
	w := start(t, outside.Options{Zones: []string{domain}, Servers: 3})
	m := outside.Mail{Peer: "127.0.0.1", Helo: "mail." + domain, From: "noreply@" + domain, Data: data}
	w.Servers[2].Be(outside.Stale)
	must(t, w.Publish(records))
	if r := w.JudgeAgain(t.Context(), m); r.Valid() || !r.Unknown() || r.Servers != 3 {
		t.Errorf("with a stale secondary: %s", pretty(r))
	}
	for _, mood := range []outside.Mood{outside.Gone, outside.ServFail} {
		w.Servers[2].Be(mood)
		if r := w.JudgeAgain(t.Context(), m); told(r) != "pass pass true true true false" || r.Servers != 2 {
			t.Errorf("with a server that does not answer: %s", pretty(r))
		}
	}
}

func TestMTA(t *testing.T) {
	data, records := signed(t)
	w := start(t, outside.Options{Zones: []string{domain}, Servers: 1})
	must(t, w.Publish(records))
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(w.MTA.CA())
	deliver := func() error {
		client, err := smtp.DialStartTLS(w.MTA.Addr(), &tls.Config{RootCAs: roots, ServerName: outside.MTAHost, MinVersion: tls.VersionTLS12})
		must(t, err)
		defer func() { _ = client.Close() }()
		return client.SendMail("noreply@"+domain, []string{"someone@outside.test"}, bytes.NewReader(data))
	}
	w.Servers[0].Be(outside.Gone)
	var refused *smtp.SMTPError
	if err := deliver(); !errors.As(err, &refused) || refused.Code != 451 {
		t.Errorf("without a DNS: %v", err)
	}
	w.Servers[0].Be(outside.Honest)
	must(t, deliver())
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	m, err := w.MTA.Await(ctx, "PIN")
	must(t, err)
	if told(m.Arrival) != "pass pass true true true false" || m.TLS == "" || m.From != "noreply@"+domain || len(w.MTA.Mails()) != 1 {
		t.Errorf("it arrived as %s", pretty(m))
	}
	if young := w.MTA.Recheck(ctx, time.Hour); young != 1 {
		t.Errorf("%d are too young", young)
	}
	must(t, w.Publish(nil)) // days later the record is gone
	if young := w.MTA.Recheck(ctx, 0); young != 0 {
		t.Errorf("%d are too young", young)
	}
	if later := w.MTA.Mails()[0].Later; later.Valid() || !later.Unknown() {
		t.Errorf("days later: %s", pretty(later))
	}
}
