package stalwart

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/redact"
)

// canary is the password that must show nowhere.
const canary = "canary-of-the-stalwart-tests"

// script is a server in memory: it answers every request by a function.
type script func(r *http.Request, body string) *http.Response

// RoundTrip is http.RoundTripper.
func (s script) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return s(r, string(body)), nil
}

// answer is a response with a JSON body, or with HTML where it begins with <.
func answer(status int, body string) *http.Response {
	kind := "application/json"
	if strings.HasPrefix(body, "<") {
		kind = "text/html"
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(body))}
}

// connect makes a connection to a script.
func connect(t testing.TB, s http.RoundTripper) *Conn {
	t.Helper()
	c, err := NewConn(Options{URL: "http://stalwart.test:8080", Gate: NewGate(), Credential: func() (Credential, error) {
		return Credential{User: "postmaster", Password: redact.New(canary + "-admin")}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	c.http.Transport = s
	return c
}

// methods are all requests of a directory; those that send a secret send the
// canary.
func methods() map[string]func(ctx context.Context, d Directory) error {
	login, password := Login{"noreply", "example.test"}, redact.New(canary)
	known := &Account{ID: "a", Login: login, raw: jmapAccount{ID: "a"}}
	return map[string]func(ctx context.Context, d Directory) error{
		"SetDefaults": func(ctx context.Context, d Directory) error { return d.SetDefaults(ctx, Defaults{"h", "example.test"}) },
		"Survey": func(ctx context.Context, d Directory) error {
			_, err := d.Survey(ctx, Scope{Login: login, Settings: true, AllowedIPs: true, Webhooks: true})
			return err
		},
		"Domain":       func(ctx context.Context, d Directory) error { _, err := d.Domain(ctx, "example.test"); return err },
		"CreateDomain": func(ctx context.Context, d Directory) error { return d.CreateDomain(ctx, "example.test", true) },
		"Bind": func(ctx context.Context, d Directory) error {
			return d.Bind(ctx, Listener{Name: "n", Binds: []string{"[::]:587"}})
		},
		"GrantAddress": func(ctx context.Context, d Directory) error { return d.GrantAddress(ctx, known, "x@example.test") },
		"GrantPermissions": func(ctx context.Context, d Directory) error {
			return d.GrantPermissions(ctx, known, []Permission{SendMail})
		},
		"AllowIP":       func(ctx context.Context, d Directory) error { return d.AllowIP(ctx, "10.0.0.0/8") },
		"ForgetUnknown": func(ctx context.Context, d Directory) error { return d.ForgetUnknown(ctx) },
		"ForgetAll":     func(ctx context.Context, d Directory) error { return d.ForgetAll(ctx) },
		"Reload":        func(ctx context.Context, d Directory) error { return d.Reload(ctx) },
		"DKIMKeys": func(ctx context.Context, d Directory) error {
			_, err := d.DKIMKeys(ctx, Domain{ID: "b", Name: "example.test"})
			return err
		},
		"Owner":       func(ctx context.Context, d Directory) error { _, err := d.Owner(ctx, "x@example.test"); return err },
		"SetPassword": func(ctx context.Context, d Directory) error { return d.SetPassword(ctx, known, password) },
		"CreateAccount": func(ctx context.Context, d Directory) error {
			return d.CreateAccount(ctx, NewAccount{Login: login, Permissions: []Permission{SendMail}, Password: password})
		},
		"AppPasswords": func(ctx context.Context, d Directory) error { _, err := d.AppPasswords(ctx, known); return err },
		"CreateAppPassword": func(ctx context.Context, d Directory) error {
			_, _, err := d.CreateAppPassword(ctx, known, NewAppPassword{Name: "n-1", Secret: password})
			return err
		},
		"DestroyAppPassword": func(ctx context.Context, d Directory) error {
			return d.DestroyAppPassword(ctx, known, AppPassword{ID: "x", Name: "n-1"})
		},
		"AddWebhook": func(ctx context.Context, d Directory) error {
			return d.AddWebhook(ctx, Webhook{URL: "http://us.test/", Key: password})
		},
		"RekeyWebhook": func(ctx context.Context, d Directory) error {
			return d.RekeyWebhook(ctx, "id", Webhook{URL: "http://us.test/", Key: password})
		},
	}
}

// directories are both generations over one connection.
func directories(c *Conn) []Directory { return []Directory{&jmap{c}, &rest{c}} }

// says reports whether the text of an error holds a part of it: what people are
// told is part of what is tested.
func says(err error, part string) bool { return err != nil && strings.Contains(fmt.Sprint(err), part) }
