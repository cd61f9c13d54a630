package seed

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/stalwart"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const usual = `
listeners:
- {name: smtp, protocol: smtp, bind: ["[::]:25"]}
- {name: submission, protocol: smtp, bind: ["[::]:587"]}
- {name: submissions, protocol: smtp, implicitTLS: true, bind: ["[::]:465"]}
- {name: http, protocol: http, bind: ["[::]:8080"]}
`

// TestParse: a wrong file is an error that names the field.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		usual: "",
		"":    "listeners: none is named",
		"listeners: [{name: a, protocol: smtp, bind: ['25']}]":                                                    `listeners[0].bind[0]: not of the form "[::]:587"`,
		"listeners: [{name: a, protocol: smtp}]":                                                                  "listeners[0].bind: no address",
		"listeners: [{name: a, protocol: gopher, bind: ['[::]:70']}]":                                             "listeners[0].protocol: one of",
		"listeners: [{name: a, protocol: smtp, bind: ['[::]:25']}, {name: a, protocol: smtp, bind: ['[::]:26']}]": "listeners[1].name: empty, or named twice",
		"logLevel: loud\n" + usual:                                                                                "logLevel: one of error, warn",
		"web: true\n" + usual:                                                                                     `unknown field "web"`,
		"listeners: {":                                                                                            "reading what to seed",
	} {
		_, err := Parse([]byte(text))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// FuzzParse never panics, and what it takes comes to rest.
func FuzzParse(f *testing.F) {
	f.Add([]byte(usual))
	f.Add([]byte("listeners: [{name: a, protocol: smtp, bind: ['[::]:25', '127.0.0.1:25']}]\nwebUI: true"))
	f.Fuzz(func(t *testing.T, text []byte) {
		w, err := Parse(text)
		if err != nil {
			return
		}
		first := stalwart.First{}
		for _, op := range Plan(first, w) {
			first = carry(first, op)
		}
		for _, op := range Plan(first, w) {
			if op.Kind != Bind { // two listeners on one port stay two
				t.Errorf("%+v", op)
			}
		}
	})
}

func recovering(t *testing.T, version, mode string) (*stalwarttest.Server, *stalwart.Conn) {
	t.Helper()
	server, err := stalwarttest.Start(stalwarttest.Options{Version: version, Mode: mode, KeepPyzor: true})
	if err != nil {
		t.Fatal(err)
	}
	user, password := server.Admin()
	conn, err := stalwart.NewConn(stalwart.Options{URL: server.URL(), Gate: stalwart.NewGate(),
		Credential: func() (stalwart.Credential, error) {
			return stalwart.Credential{User: user, Password: redact.New(password)}, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server, conn
}

// TestApply writes the difference once, and nothing the second time.
func TestApply(t *testing.T) {
	for _, version := range []string{"0.16.18", "0.16.3"} {
		t.Run(version, func(t *testing.T) {
			_, conn := recovering(t, version, "recovery")
			w, err := Parse([]byte(usual))
			if err != nil {
				t.Fatal(err)
			}
			server, err := conn.InRecovery(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			for range 2 {
				if err := Apply(t.Context(), server, w, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
					t.Fatal(err)
				}
			}
			first, err := server.First(t.Context())
			if err != nil || len(first.Listeners) != 4 || !first.Console || first.Pyzor || first.SpamRules {
				t.Errorf("%+v, %v", first, err)
			}
			if n := strings.Count(log.String(), "action=Bind"); n != 4 {
				t.Errorf("%d listeners were made:\n%s", n, log.String())
			}
			w.WebUI = true
			if err := Apply(t.Context(), server, w, slog.New(slog.DiscardHandler)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestOtherModes are said.
func TestOtherModes(t *testing.T) {
	for mode, want := range map[string]stalwart.Mode{"": stalwart.Normal, "bootstrap": stalwart.Bootstrap} {
		_, conn := recovering(t, "0.16.18", mode)
		_, err := conn.InRecovery(t.Context())
		var other *stalwart.ModeError
		if !errors.As(err, &other) || other.Mode != want {
			t.Errorf("%q: %v", mode, err)
		}
		var field *FieldError
		if errors.As(explained(err), &field) != (mode == "bootstrap") {
			t.Errorf("%q: %v", mode, explained(err))
		}
	}
}

// TestAdministrator: what Stalwart would never let in is said at once, without it.
func TestAdministrator(t *testing.T) {
	for text, problem := range map[string]string{
		"postmaster:a:b": "", "": "user:password", "postmaster:": "user:password", ":x": "user:password", "Postmaster:x": "lower case",
		"postmaster:$canary": "hash", "postmaster:{canary": "hash", "postmaster: _canary": "hash",
	} {
		_, err := administrator(text)
		if problem == "" && err != nil || problem != "" && (err == nil || !strings.Contains(err.Error(), problem) || strings.Contains(err.Error(), "canary")) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestAStalwartThatEnds is an error with its last words, and without the password.
func TestAStalwartThatEnds(t *testing.T) {
	t.Setenv(Variable, "postmaster:canary-1")
	w, err := Parse([]byte(usual))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ script, want string }{
		{`echo "cannot open the store with $STALWART_RECOVERY_ADMIN"; exit 3`, "exit status 3): cannot open the store with postmaster:"},
		{`echo "$STALWART_RECOVERY_MODE $STALWART_RECOVERY_MODE_PORT"`, "exit status 0): 1 9"},
	} {
		err := Run(t.Context(), Options{Wish: w, Command: []string{"/bin/sh", "-c", row.script}, Port: 9, Log: slog.New(slog.DiscardHandler)})
		if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%v", err)
		}
	}
	if err := Run(t.Context(), Options{Wish: w, Command: []string{"/nonexistent"}, Port: 9, Log: slog.New(slog.DiscardHandler)}); err == nil {
		t.Error("a program that is not there is no error")
	}
}

// TestTheEndIsWaitedFor: it is told to end, and has time to write everything down.
func TestTheEndIsWaitedFor(t *testing.T) {
	c, err := start(t.Context(), []string{"/bin/sh", "-c", `trap 'echo written; exit 0' TERM; echo up; while :; do sleep 0.01; done`}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); c.tail.String() != "up" && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if err := c.stop(); err != nil || !strings.HasSuffix(c.tail.String(), "written") {
		t.Errorf("%v, it said %q", err, c.tail.String())
	}
}
