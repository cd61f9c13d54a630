package tlscert_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/tlscert"
	"github.com/openova-io/smtp-mirror/watcher"
)

// site is a mail server with a Keeper.
type site struct {
	t      *testing.T
	server *stalwarttest.Server
	fleet  *stalwart.Fleet
	keeper *tlscert.Keeper
	source pki.Pair
}

const owner = "mail/mail-tls"

func newSite(t *testing.T, o stalwarttest.Options) *site {
	t.Helper()
	o.Domain = "example.test"
	s := &site{t: t}
	var err error
	s.server, err = stalwarttest.Start(o)
	s.must(err)
	t.Cleanup(func() { s.must(s.server.Close()) })
	s.fleet, s.keeper = s.keeperOf(s.server)
	return s
}

func (s *site) keeperOf(server *stalwarttest.Server) (*stalwart.Fleet, *tlscert.Keeper) {
	fleet, err := stalwart.NewFleet(stalwart.Options{URL: server.URL(), Gate: stalwart.NewGate(), Credential: func() (stalwart.Credential, error) {
		user, password := server.Admin()
		return stalwart.Credential{User: user, Password: redact.New(password)}, nil
	}})
	s.must(err)
	s.t.Cleanup(fleet.CloseAll)
	return fleet, &tlscert.Keeper{Host: host, Owner: owner, Fleet: fleet, Address: server.SubmissionAddr(), Pods: func() []watcher.Incarnation { return nil },
		Source: func() ([]byte, []byte, error) { return s.source.Cert, s.source.Key, nil }}
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// run lets the Keeper reconcile, and looks for the key in whatever could be printed.
func (s *site) run() (watcher.Result, error) {
	s.t.Helper()
	result, err := s.keeper.Reconcile(s.t.Context())
	if leaks(fmt.Errorf("%+v %w", result, err), s.source.Key) {
		s.t.Error("the private key is in the result")
	}
	return result, err
}

// converged runs and names what was changed.
func (s *site) converged(changes ...string) watcher.Result {
	s.t.Helper()
	result, err := s.run()
	if err != nil {
		s.t.Fatalf("it did not converge: %v", err)
	}
	s.changed(result, changes...)
	return result
}

func (s *site) changed(result watcher.Result, changes ...string) {
	s.t.Helper()
	var got []string
	for _, c := range result.Changes {
		got = append(got, c.Reason)
	}
	if !slices.Equal(got, changes) {
		s.t.Errorf("it changed %q, not %q", got, changes)
	}
}

// held runs, and wants a wait for a reason.
func (s *site) held(reason string, says ...string) watcher.Result {
	s.t.Helper()
	result, err := s.run()
	if watcher.ReasonOf(err) != reason {
		s.t.Fatalf("it waits for %v, not for %s", err, reason)
	}
	for _, text := range says {
		if !strings.Contains(err.Error(), text) {
			s.t.Errorf("it says %v, without %q", err, text)
		}
	}
	return result
}

// shows looks whether clients with and without a name see a certificate.
func (s *site) shows(p pki.Pair) {
	s.t.Helper()
	for _, name := range []string{host, ""} {
		leaf, result := smtpprobe.Handshake(s.t.Context(), smtpprobe.Request{Address: s.server.SubmissionAddr(), ServerName: name})
		if leaf == nil || fingerprint(p) != stalwart.Fingerprint(leaf.Raw) {
			s.t.Errorf("a client that names %q sees another certificate, %+v", name, result)
		}
	}
}

func fingerprint(p pki.Pair) string {
	block, _ := pem.Decode(p.Cert)
	return stalwart.Fingerprint(block.Bytes)
}

// holds are the certificates in Stalwart.
func (s *site) holds() []stalwart.Certificate {
	s.t.Helper()
	directory, err := s.fleet.Detect(s.t.Context())
	s.must(err)
	all, err := directory.Certificates(s.t.Context())
	s.must(err)
	return all
}

// foreign installs a certificate that is not ours.
func (s *site) foreign(p pki.Pair, by string) string {
	s.t.Helper()
	directory, err := s.fleet.Detect(s.t.Context())
	s.must(err)
	id, err := directory.InstallCertificate(s.t.Context(), stalwart.NewCertificate{Chain: p.Cert, Key: redact.New(string(p.Key)), Owner: by})
	s.must(err)
	s.must(directory.ReloadCertificates(s.t.Context()))
	return id
}

var both = []string{"0.16.18", "0.16.3"} //nolint:gochecknoglobals // a constant

func each(t *testing.T, versions []string, run func(*testing.T, *site)) {
	for _, version := range versions {
		t.Run(version, func(t *testing.T) { run(t, newSite(t, stalwarttest.Options{Version: version})) })
	}
}

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

// TestTheEndIsNear is a finding.
func TestTheEndIsNear(t *testing.T) {
	s := newSite(t, stalwarttest.Options{})
	s.source = issue(t, authority(t), 13*24*time.Hour, host)
	if result := s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded); result.Reason != tlscert.ReasonCertificateExpires || result.After != 0 {
		t.Errorf("it says %+v", result)
	}
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
	s.keeper.Address = "127.0.0.1:1"
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
