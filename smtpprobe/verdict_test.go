package smtpprobe_test

import (
	"slices"
	"testing"

	"github.com/openova-io/smtp-mirror/smtpprobe"
)

// TestJudgeIsTotal: every code at every step has a verdict, and a code that says
// "later" is never final.
func TestJudgeIsTotal(t *testing.T) {
	final := []smtpprobe.Verdict{smtpprobe.Unreachable, smtpprobe.NoTLS, smtpprobe.PasswordRefused, smtpprobe.NotAuthorized, smtpprobe.SenderRefused, smtpprobe.ProtocolError}
	for _, step := range []smtpprobe.Step{"connect", "greeting", "TLS", "AUTH", "MAIL FROM", "RSET", "never heard of"} {
		for code := range 1000 {
			got := smtpprobe.Judge(step, smtpprobe.Reply{Code: code})
			busy := code >= 400 && code < 500
			if busy != (got == smtpprobe.TemporaryError) || !busy && !slices.Contains(final, got) {
				t.Fatalf("%s, %d: %q", step, code, got)
			}
			if got == smtpprobe.PasswordRefused && (step != smtpprobe.StepAuth || code != 535) {
				t.Fatalf("%s, %d refuses the password", step, code)
			}
		}
	}
}

// TestJudge: the same code means different things at different steps.
func TestJudge(t *testing.T) {
	rows := []struct {
		step smtpprobe.Step
		code int
		want smtpprobe.Verdict
	}{
		{smtpprobe.StepAuth, 535, smtpprobe.PasswordRefused},
		{smtpprobe.StepAuth, 550, smtpprobe.NotAuthorized},
		{smtpprobe.StepAuth, 504, smtpprobe.ProtocolError},
		{smtpprobe.StepMail, 501, smtpprobe.SenderRefused},
		{smtpprobe.StepMail, 550, smtpprobe.SenderRefused},
		{smtpprobe.StepMail, 250, smtpprobe.ProtocolError},
		{smtpprobe.StepTLS, 502, smtpprobe.NoTLS},
		{smtpprobe.StepGreeting, 554, smtpprobe.Unreachable},
		{smtpprobe.StepGreeting, 421, smtpprobe.TemporaryError},
		{smtpprobe.StepReset, 500, smtpprobe.ProtocolError},
	}
	for _, row := range rows {
		if got := smtpprobe.Judge(row.step, smtpprobe.Reply{Code: row.code}); got != row.want {
			t.Errorf("%d at %s: %s, want %s", row.code, row.step, got, row.want)
		}
	}
}

// TestReplyString: one line, whatever the server sent.
func TestReplyString(t *testing.T) {
	rows := map[string]smtpprobe.Reply{
		"550 5.7.1 not you": {Code: 550, Enhanced: "5.7.1", Text: "not\r\n you "},
		"421":               {Code: 421},
	}
	for want, r := range rows {
		if got := r.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
