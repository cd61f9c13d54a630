package smtpprobe_test

import (
	"net/mail"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/smtpprobe"
)

// TestAMailIsHandedOver: after a proof like any other, from the first sender, and in
// a form that parses.
func TestAMailIsHandedOver(t *testing.T) {
	s := serve(t, nil)
	r := s.request()
	r.Mail = &smtpprobe.Mail{To: "somebody@example.org", Subject: "a first use", Text: "one\n.two", ID: "1"}
	if got := smtpprobe.Probe(t.Context(), r); got.Verdict != smtpprobe.Accepted {
		t.Fatalf("%+v", got)
	}
	last := s.asked[len(s.asked)-1]
	m, err := mail.ReadMessage(strings.NewReader(strings.TrimPrefix(last, "DATA ")))
	if err != nil || m.Header.Get("From") != "noreply@example.com" || m.Header.Get("To") != "somebody@example.org" || m.Header.Get("Message-Id") != "<1@example.com>" {
		t.Fatalf("%v, %q", err, last)
	}
	if !strings.Contains(last, "\r\n\r\none\r\n.two\r\n") {
		t.Errorf("%q", last)
	}
}
