package redact_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/redact"
)

const canary = "hunter2-canary"

type holder struct {
	Public  redact.Secret
	private redact.Secret
	nested  *holder
}

// TestNothingPrintsTheBytes goes through every standard way of printing a value,
// exported and unexported, nested and not.
func TestNothingPrintsTheBytes(t *testing.T) {
	s := redact.New(canary)
	h := holder{Public: s, private: s, nested: &holder{private: s}}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%t"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+"\n", s, h, &h)
	}
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(handler).Info("m", "s", s, "h", h, "ptr", &s, slog.Group("g", "s", s))
	}
	text, err := json.Marshal(map[string]any{"s": s, "h": h, "list": []redact.Secret{s}})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	fmt.Fprintln(&out, fmt.Errorf("wrap: %w", fmt.Errorf("%v", h)))
	if strings.Contains(out.String(), canary) || strings.Contains(out.String(), fmt.Sprintf("%x", canary)) {
		t.Fatal("a secret was printed")
	}
	if !strings.Contains(out.String(), "redacted(14)") {
		t.Fatal("the length is missing")
	}
}

func TestEqualAndLength(t *testing.T) {
	a, b := redact.New("abcd"), redact.New("abcd")
	if !a.Equal(b) || a.Equal(redact.New("abce")) || a.Equal(redact.Secret{}) {
		t.Error("Equal is wrong")
	}
	if !(redact.Secret{}).Equal(redact.New("")) || !redact.New("").Empty() || a.Len() != 4 {
		t.Error("the empty secret is wrong")
	}
}

func TestScrub(t *testing.T) {
	got := redact.Scrub("body has hunter2-canary and ab", redact.New(canary), redact.New("ab"), redact.Secret{})
	if got != "body has redacted(14) and ab" {
		t.Errorf("got %q", got)
	}
}

// TestScrubFindsTheNotationOfJSON: a server that quotes our request quotes the
// password as it stood there.
func TestScrubFindsTheNotationOfJSON(t *testing.T) {
	s := redact.New(canary + "\"\\<&")
	body, err := json.Marshal(map[string]string{"secret": s.Reveal()})
	if err != nil {
		t.Fatal(err)
	}
	if got := redact.Scrub("cannot take "+string(body), s); strings.Contains(got, canary) {
		t.Error("a quoted request shows the password")
	}
}
