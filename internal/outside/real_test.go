package outside_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/internal/outside"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/internal/stalwartproc"
	"github.com/openova-io/smtp-mirror/zone"
)

const domain = "example.test"

// TestReal delivers from a real server: it is the experiment that says how.
func TestReal(t *testing.T) {
	binary := rig.FindStalwart()
	if binary == "" {
		t.Skip("no real Stalwart: make stalwart, or STALWART_BIN")
	}
	w := start(t, outside.Options{Zones: []string{domain}, Negative: time.Second})
	s, err := stalwartproc.Start(t.Context(), stalwartproc.Options{Binary: binary, Dir: t.TempDir(), Domain: domain, KeepThrottle: true, ExemptAuthenticated: true,
		Outside: &stalwartproc.Outside{Resolver: w.Resolver.Addr(), Relay: outside.MTAHost, Port: w.Port()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	old := prepare(t, s)
	publish(t, w, s, old)
	ca, err := os.ReadFile(s.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	console := outside.Console{Data: map[string][]byte{"smtp-host": []byte("mail.example.test"), "smtp-user": []byte("noreply@" + domain), "smtp-pass": []byte(password), "smtp-from": []byte("noreply@" + domain)},
		At: s.SubmissionAddr(), Roots: roots}
	if err := console.Send(t.Context(), "someone@outside.test", "PIN 1"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	m, err := w.MTA.Await(ctx, "PIN 1")
	if err != nil {
		t.Fatalf("%v; the resolver was asked %d times", err, w.Resolver.Asked())
	}
	t.Logf("%s: %s from %s, %s\n%s", s.Version(), m.TLS, m.Peer, m.Data, pretty(m.Arrival))
	r := m.Arrival
	if m.TLS == "" || r.SPF != "pass" || r.DMARC != "pass" || !r.Passed("rsa-sha256") || !r.Passed("ed25519-sha256") || r.Unknown() {
		t.Errorf("%s", pretty(r))
	}
}

const password = "correct-Horse-battery-4-staple"

// prepare makes the account, and on 0.15 the keys.
func prepare(t *testing.T, s *stalwartproc.Server) (old bool) {
	t.Helper()
	generation, _, err := stalwartproc.Generation(rig.FindStalwart())
	if err != nil {
		t.Fatal(err)
	}
	if generation == stalwartproc.Generation015 {
		ask(t, s, "POST", "/api/principal", `{"type":"individual","name":"noreply@`+domain+`","secrets":["`+password+`"],"emails":["noreply@`+domain+`"],"roles":["user"]}`)
		for _, algorithm := range []string{"Rsa", "Ed25519"} {
			ask(t, s, "POST", "/api/dkim", `{"algorithm":"`+algorithm+`","domain":"`+domain+`","id":null,"selector":null}`)
		}
		t.Log(ask(t, s, "GET", "/api/reload", ""))
		return true
	}
	answer := ask(t, s, "POST", "/jmap", call(`["x:Domain/query",{"filter":{"name":"`+domain+`"}},"0"]`))
	id := strings.Split(strings.Split(answer, `"ids":["`)[1], `"`)[0]
	t.Log(ask(t, s, "POST", "/jmap", call(`["x:Account/set",{"create":{"a":{"@type":"User","name":"noreply","domainId":"`+id+`","credentials":{"0":{"@type":"Password","secret":"`+password+`"}}}}},"0"]`)))
	return false
}

// publish gives the DNS what the server says of its keys.
func publish(t *testing.T, w *outside.World, s *stalwartproc.Server, old bool) {
	t.Helper()
	records := []zone.Record{
		{Name: domain, Type: "TXT", Value: "v=spf1 a mx ~all"}, {Name: domain, Type: "MX", Value: "10 mail." + domain},
		{Name: "mail." + domain, Type: "A", Value: "127.0.0.1"}, {Name: "_dmarc." + domain, Type: "TXT", Value: "v=DMARC1; p=reject"},
	}
	if old {
		var answer struct {
			Data []struct{ Type, Name, Content string }
		}
		if err := json.Unmarshal([]byte(ask(t, s, "GET", "/api/dns/records/"+domain, "")), &answer); err != nil {
			t.Fatal(err)
		}
		for _, r := range answer.Data {
			if strings.Contains(r.Name, "_domainkey") {
				records = append(records, zone.Record{Name: r.Name, Type: r.Type, Value: r.Content})
			}
		}
	} else {
		var answer struct{ MethodResponses [][]json.RawMessage }
		if err := json.Unmarshal([]byte(ask(t, s, "POST", "/jmap", call(`["x:DkimSignature/get",{"ids":null},"0"]`))), &answer); err != nil {
			t.Fatal(err)
		}
		var got struct {
			List []struct {
				Type                string `json:"@type"`
				Selector, PublicKey string
			}
		}
		if err := json.Unmarshal(answer.MethodResponses[0][1], &got); err != nil {
			t.Fatal(err)
		}
		for _, k := range got.List {
			kind := "rsa"
			if strings.Contains(k.Type, "Ed25519") {
				kind = "ed25519"
			}
			records = append(records, zone.Record{Name: k.Selector + "._domainkey." + domain, Type: "TXT", Value: "v=DKIM1; k=" + kind + "; h=sha256; p=" + k.PublicKey})
		}
	}
	if err := w.Publish(records); err != nil {
		t.Fatal(err)
	}
}

func call(c string) string {
	return `{"using":["urn:ietf:params:jmap:core","urn:stalwart:jmap"],"methodCalls":[` + c + `]}`
}

func ask(t *testing.T, s *stalwartproc.Server, method, path, body string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(s.Admin())
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s %v %s", method, path, response.Status, err, answer)
	}
	return string(answer)
}

func start(t *testing.T, o outside.Options) *outside.World {
	t.Helper()
	w, err := outside.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func pretty(v any) string {
	out, _ := json.MarshalIndent(v, "", " ")
	return string(out)
}
