package conformance

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/internal/outside"
	"github.com/openova-io/smtp-mirror/stalwart"
)

func signing() []scenario {
	return []scenario{
		{name: "which keys sign delivered mail", only: stalwart.Gen016, run: stagesSign},
		{name: "which keys of 0.15 sign delivered mail", only: stalwart.Gen015, run: idsSign},
	}
}

// newWorld is the outside of one server.
func newWorld(t *testing.T) *outside.World {
	t.Helper()
	w, err := outside.Start(outside.Options{Servers: 1})
	must(t, err)
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// sender is an account whose mail is looked at where it arrives.
type sender struct {
	*suite
	console outside.Console
	login   stalwart.Login
	sent    int
}

func newSender(t *testing.T, s *suite, domain string) *sender {
	t.Helper()
	must(t, s.operator.EnsureDomain(t.Context(), domain))
	login, password := stalwart.Login{User: "signer@" + domain, Domain: domain}, "Conf-"+rand.Text()
	must(t, s.operator.CreateAccount(t.Context(), login, password))
	data := map[string][]byte{"smtp-host": []byte(hostname), "smtp-user": []byte(login.User), "smtp-from": []byte(login.User), "smtp-pass": []byte(password)}
	return &sender{suite: s, login: login, console: outside.Console{Data: data, At: s.SubmissionAddr(), Roots: rootsOf(t, s)}}
}

// signed sends a mail and expects exactly these selectors in it, whatever their order.
func (s *sender) signed(t *testing.T, when string, want ...string) {
	t.Helper()
	s.sent++
	subject := fmt.Sprintf("%s %d", s.login.User, s.sent)
	must(t, s.console.Send(t.Context(), "someone@"+outside.Zone, subject))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	m, err := s.Outside().MTA.Await(ctx, subject)
	must(t, err)
	var got []string
	for _, signature := range m.Arrival.Signatures {
		if signature.Domain != s.login.Domain {
			t.Errorf("a signature of %s", signature.Domain)
		}
		got = append(got, signature.Selector)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%s: signed by %v, want %v", when, got, want)
	}
}

// stagesSign: only active keys sign, all of them; a new one does not while the signers
// of its domain are cached, and an update that changes something refreshes that.
func stagesSign(t *testing.T, s *suite) {
	const domain = "signing.test"
	from := newSender(t, s, domain)
	o := s.operator.(*jmapOperator)
	stage := func(selector, stage string) {
		must(t, o.update(t.Context(), "DkimSignature", o.keyID(t, domain, selector), object{"stage": stage}))
	}
	from.signed(t, "without keys")
	must(t, o.AddKey(t.Context(), domain, "first", "active"))
	from.signed(t, "that there was none is not kept", "first")
	must(t, o.AddKey(t.Context(), domain, "one", "active"))
	from.signed(t, "created while the cache is filled", "first")
	stage("one", "active")
	from.signed(t, "updated with what it is", "first")
	_, err := o.create(t.Context(), "Action", object{"@type": "InvalidateCaches"})
	must(t, err)
	from.signed(t, "after InvalidateCaches", "first", "one")
	stage("first", "retired")
	from.signed(t, "with one retired", "one")
	must(t, o.AddKey(t.Context(), domain, "two", "pending"))
	from.signed(t, "with one pending", "one")
	stage("two", "active")
	from.signed(t, "with two active", "one", "two")
	stage("one", "retiring")
	from.signed(t, "with one retiring", "two")
	_, err = o.call(t.Context(), "x:DkimSignature/set", object{"destroy": []string{o.keyID(t, domain, "two")}})
	must(t, err)
	from.signed(t, "with the last active one destroyed")
}

// keyID finds the key of a selector.
func (o *jmapOperator) keyID(t *testing.T, domain, selector string) string {
	t.Helper()
	_, id, err := o.split(t.Context(), "@"+domain)
	must(t, err)
	result, err := o.call(t.Context(), "x:DkimSignature/get", object{"ids": nil})
	must(t, err)
	list, _ := result["list"].([]any)
	for _, key := range list {
		if k := mapOf(key); k["domainId"] == id && k["selector"] == selector {
			return k["id"].(string)
		}
	}
	t.Fatalf("there is no key %s", selector)
	return ""
}

// idsSign: on 0.15 the usual ids sign and no others, as they were when the settings
// were loaded.
func idsSign(t *testing.T, s *suite) {
	const domain = "signing.test"
	from := newSender(t, s, domain)
	o := s.operator.(*restOperator)
	reload := func() {
		_, err := o.do(t.Context(), http.MethodGet, "/api/reload", nil)
		must(t, err)
	}
	from.signed(t, "without keys")
	must(t, o.AddKey(t.Context(), domain, "other", ""))
	reload()
	from.signed(t, "with a key of another id")
	for _, algorithm := range []string{"Rsa", "Ed25519"} {
		_, err := o.do(t.Context(), http.MethodPost, "/api/dkim", object{"algorithm": algorithm, "domain": domain, "id": nil, "selector": "usual" + algorithm[:1]})
		must(t, err)
	}
	from.signed(t, "before the reload")
	reload()
	from.signed(t, "after the reload", "usualE", "usualR")
}
