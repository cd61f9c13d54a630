package tlscert_test

import (
	"context"
	"crypto/tls"
	"slices"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/tlscert"
)

// TestACertificateIsBroughtIntoUse: installed, kept, renewed, kept over a restart and
// made up for after a lost volume.
func TestACertificateIsBroughtIntoUse(t *testing.T) {
	ca := authority(t)
	each(t, both, func(t *testing.T, s *site) {
		s.source = issue(t, ca, month, host)
		s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded)
		s.shows(s.source)
		if days := s.keeper.DaysLeft(time.Now()); days < 29 || days > 30 {
			t.Errorf("%f days are left", days)
		}
		s.converged()
		s.source = issue(t, ca, 2*month, host)
		s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded, tlscert.ChangedCertificateEnded)
		s.shows(s.source)
		s.must(s.server.Restart())
		s.converged()
		s.server.Wipe()
		s.must(s.server.Restart())
		s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded)
		s.shows(s.source)
		if all := s.holds(); len(all) != 1 || all[0].Leaf != fingerprint(s.source) || !all[0].Default || all[0].Owner != owner {
			t.Errorf("it holds %+v", all)
		}
	})
}

// TestARenewalThatEndsEarlier: Stalwart goes on with the old one, until it is gone.
func TestARenewalThatEndsEarlier(t *testing.T) {
	ca := authority(t)
	each(t, both, func(t *testing.T, s *site) {
		s.source = issue(t, ca, 2*month, host)
		s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded)
		s.source = issue(t, ca, month, host)
		s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateEnded, tlscert.ChangedCertificateReloaded)
		s.shows(s.source)
		s.converged()
	})
}

// TestTheCertificatesOfOthers are never touched, and said where they are in the way.
func TestTheCertificatesOfOthers(t *testing.T) {
	ca := authority(t)
	each(t, both, func(t *testing.T, s *site) {
		elsewhere := s.foreign(issue(t, ca, 3*month, "www.example.test"), "somebody/else")
		same := s.foreign(issue(t, ca, time.Hour, host), "somebody/else")
		s.source = issue(t, ca, month, host)
		s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded)
		s.shows(s.source)
		later := s.foreign(issue(t, ca, 3*month, host), "somebody/else")
		s.changed(s.held(tlscert.ReasonCertificateOverruled, later))
		all := s.holds()
		for _, id := range []string{elsewhere, same, later} {
			if !slices.ContainsFunc(all, func(c stalwart.Certificate) bool { return c.ID == id }) {
				t.Errorf("%s is gone", id)
			}
		}
	})
}

// TestABrokenRenewal leaves what is in use.
func TestABrokenRenewal(t *testing.T) {
	ca := authority(t)
	each(t, both, func(t *testing.T, s *site) {
		good, other := issue(t, ca, month, host), issue(t, ca, 2*month, host)
		s.source = good
		s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded)
		for _, broken := range []pki.Pair{{Cert: other.Cert, Key: good.Key}, {}, {Cert: other.Cert, Key: other.Key[:40]}, issue(t, ca, 2*month, "www.example.test"), issue(t, ca, -time.Minute, host)} {
			s.source = broken
			s.changed(s.held(tlscert.ReasonCertificateInvalid, "the certificate in use stays"))
			s.shows(good)
		}
		if len(s.holds()) != 1 {
			t.Errorf("it holds %+v", s.holds())
		}
		s.source = other
		s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded, tlscert.ChangedCertificateEnded)
		s.shows(other)
	})
}

// TestDryRun writes nothing.
func TestDryRun(t *testing.T) {
	s := newSite(t, stalwarttest.Options{})
	s.source, s.keeper.DryRun = issue(t, authority(t), month, host), true
	if result := s.converged(); result.Reason != tlscert.ReasonWouldInstall || len(s.holds()) > 0 {
		t.Errorf("it says %+v and holds %v", result, s.holds())
	}
}

// TestFilesOf015 are read again, and waited for.
func TestFilesOf015(t *testing.T) {
	ca := authority(t)
	for _, version := range []string{"0.15.5", "lite"} {
		t.Run(version, func(t *testing.T) {
			first := issue(t, ca, month, host)
			pair, err := tls.X509KeyPair(first.Cert, first.Key)
			if err != nil {
				t.Fatal(err)
			}
			s := newSite(t, stalwarttest.Options{Version: version, Certificate: &pair})
			s.source = first
			s.converged()
			s.source = issue(t, ca, month/2, host)
			s.changed(s.held(tlscert.ReasonCertificateNotServed, "mount the certificate"))
			s.must(s.server.MountCertificate([]byte("half"), nil))
			s.held(tlscert.ReasonCertificateNotServed, "cannot load certificate.default")
			s.shows(first)
			s.must(s.server.MountCertificate(s.source.Cert, s.source.Key))
			s.converged(tlscert.ChangedCertificateReloaded)
			s.shows(s.source)
			s.must(s.server.Restart())
			s.converged()
		})
	}
}

// TestNobodyAnswers: what is not seen is not destroyed for.
func TestNobodyAnswers(t *testing.T) {
	s := newSite(t, stalwarttest.Options{})
	ca := authority(t)
	s.source = issue(t, ca, month, host)
	s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded)
	s.source = issue(t, ca, 2*month, host)
	s.keeper.Where = func() (string, bool) { return "127.0.0.1:1", false }
	s.changed(s.held(string(smtpprobe.Unreachable), "127.0.0.1:1"), tlscert.ChangedCertificate)
	if all := s.holds(); len(all) != 2 {
		t.Errorf("it holds %+v", all)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.keeper.Reconcile(ctx); err == nil {
		t.Error("no error without time")
	}
}
