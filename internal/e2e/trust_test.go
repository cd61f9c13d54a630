package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
)

// TestFreshCertificate: a fresh Stalwart serves a certificate for localhost, and
// whoever reads the reason learns that name.
func TestFreshCertificate(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{standIn: func(o *stalwarttest.Options) { o.Certificate = nil }})
	s.nothingWrittenToMirror(func() {
		s.start()
		row := s.await(relayTarget, "Held", "TLSNotTrusted")
		if !contains(row.Message, "localhost") || !contains(row.Message, rig.MailHost) {
			t.Errorf("the names are missing: %s", row.Message)
		}
		s.awaitEvent("TLSNotTrusted", "Secret", rig.SourceSecret, "localhost")
		s.await(s.mirrorTarget(), "Held", "AwaitingProof")
		if n := s.failedLogins("smtp"); n > 0 {
			t.Errorf("%d logins over a connection that is not trusted", n)
		}
	})
}

// TestTrustMended: the CA file is somebody else's at first, and becomes the right
// one, as when a mounted Secret is filled.
func TestTrustMended(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ca.pem")
	stranger, err := pki.NewCA("somebody else")
	must(t, err)
	must(t, os.WriteFile(file, stranger.PEM(), 0o600))
	s := newSite(t, layout{tune: func(c *config.Config) { c.Submissions[0].Probe.CAFile = file }})
	s.start()
	row := s.await(relayTarget, "Held", "TLSNotTrusted")
	if !contains(row.Message, rig.MailHost) || !contains(row.Message, "unknown authority") {
		t.Errorf("names or cause are missing: %s", row.Message)
	}
	right, err := os.ReadFile(s.Rig.Mail.CAFile())
	must(t, err)
	must(t, os.WriteFile(file+".next", right, 0o600))
	must(t, os.Rename(file+".next", file))
	s.settled()
}
