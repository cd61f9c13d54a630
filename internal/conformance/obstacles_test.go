package conformance

import (
	"bytes"
	"slices"
	"testing"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
)

func obstacles() []scenario {
	return []scenario{
		{name: "a certificate for localhost is named and gets no password", run: untrusted},
		{name: "a certificate for another name is named and gets no password", run: otherName},
		{name: "TLS from the first byte, and where it is not spoken", run: implicitTLS},
	}
}

// untrusted needs a server of its own: one without a certificate.
func untrusted(t *testing.T, s *suite) {
	fresh := newSuite(t, s.start, true)
	refusesTLS(t, newRig(t, fresh), "localhost", hostname)
}

func otherName(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.serverName = "mail.elsewhere.test"
	refusesTLS(t, r, hostname, "mail.elsewhere.test")
}

func refusesTLS(t *testing.T, r *rig, names ...string) {
	t.Helper()
	wire := newWire(t, r.SubmissionAddr())
	r.dial = wire.Address
	r.run(t).stopped(t, string(smtpprobe.NotTrusted), names...).loggedIn(t, smtpprobe.NotTrusted)
	sent := bytes.ToUpper(wire.Sent())
	if !bytes.Contains(sent, []byte("STARTTLS")) || bytes.Contains(sent, []byte("AUTH")) {
		t.Error("the dialogue is not the expected one")
	}
	q := r.request()
	q.User, q.Address = r.user(), wire.Address
	if got := smtpprobe.Probe(t.Context(), q); got.Verdict != smtpprobe.NotTrusted || !slices.Contains(got.Names, names[0]) {
		t.Errorf("got %+v", got)
	}
}

func implicitTLS(t *testing.T, s *suite) {
	r := newRig(t, s)
	r.run(t).converged(t)
	q := r.request()
	q.User, q.Password, q.Senders, q.ImplicitTLS = r.user(), redact.New(r.password()), []string{r.from()}, true
	for address, want := range map[string]smtpprobe.Verdict{
		s.SubmissionsAddr(): smtpprobe.Accepted,
		s.SubmissionAddr():  smtpprobe.NoTLS,
	} {
		q.Address = address
		if got := smtpprobe.Probe(t.Context(), q); got.Verdict != want {
			t.Errorf("%s: %+v, want %s", address, got, want)
		}
	}
}
