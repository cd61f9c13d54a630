package tlscert_test

import (
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
	"github.com/openova-io/smtp-mirror/tlscert"
	"github.com/openova-io/smtp-mirror/zone"
)

// published stands in for the DNS: how long the set without a key may be remembered.
type published map[string]time.Duration

func (p published) has(hash string) (zone.Verdict, time.Duration) {
	wait, there := p[hash]
	if !there {
		return zone.Missing, 0
	}
	return zone.Published, wait
}

func spki(t *testing.T, p pki.Pair) string {
	t.Helper()
	block, _ := pem.Decode(p.Cert)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return zone.SPKIHash(leaf)
}

// TestAKeyThatSendersDoNotKnowYet waits, on both generations, and both keys are to be
// published until the new one is served.
func TestAKeyThatSendersDoNotKnowYet(t *testing.T) {
	ca := authority(t)
	each(t, both, func(t *testing.T, s *site) {
		dns := published{}
		s.keeper.Dane = dns.has
		first, second := issue(t, ca, month, host), issue(t, ca, 2*month, host)
		s.source = first
		s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded) // what Stalwart makes for itself is for no sender
		dns[spki(t, first)] = 0
		s.source = second
		s.changed(s.held(tlscert.ReasonAwaitingTLSA, spki(t, second)))
		s.shows(first)
		dns[spki(t, second)] = time.Hour
		s.held(tlscert.ReasonAwaitingTLSA)
		if served, seen := s.keeper.Served(); !seen || strings.Join(served, " ") != spki(t, first) {
			t.Errorf("it is said to serve %v", served)
		}
		dns[spki(t, second)] = 0
		s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded, tlscert.ChangedCertificateEnded)
		s.shows(second)
		if served, _ := s.keeper.Served(); strings.Join(served, " ") != spki(t, second) {
			t.Errorf("it is said to serve %v", served)
		}
		s.must(s.server.Restart())
		s.converged()
	})
}

// TestADNSThatDoesNotAnswer holds a new key for a moment: the record of the old one may be
// there. That is so after a start, too.
func TestADNSThatDoesNotAnswer(t *testing.T) {
	ca := authority(t)
	s := newSite(t, stalwarttest.Options{})
	dns := published{}
	s.keeper.Dane = dns.has
	first, second := issue(t, ca, month, host), issue(t, ca, 2*month, host)
	s.source = first
	s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded)
	s.source = second
	verdict := zone.Verdict("")
	s.keeper.Dane = func(string) (zone.Verdict, time.Duration) { return verdict, 0 }
	s.held(tlscert.ReasonAwaitingTLSA, "not known")
	verdict = zone.TempError
	s.held(tlscert.ReasonAwaitingTLSA, "not known")
	s.shows(first)
	verdict = zone.Missing
	s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded, tlscert.ChangedCertificateEnded)
	s.shows(second)
}

// TestWhatDoesNotWaitForTheDNS: the old key is published nowhere, or is the same, or its
// certificate is about to end.
func TestWhatDoesNotWaitForTheDNS(t *testing.T) {
	ca := authority(t)
	kept := issue(t, ca, month, host)
	renewed, err := ca.Renew(kept, time.Now().Add(2*month), host)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		first, second pki.Pair
		published     bool
	}{
		"nobody publishes": {issue(t, ca, month, host), issue(t, ca, 2*month, host), false},
		"the same key":     {kept, renewed, true},
		"the end is near":  {issue(t, ca, 71*time.Hour, host), issue(t, ca, 2*month, host), true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, stalwarttest.Options{})
			dns := published{}
			s.keeper.Dane = dns.has
			s.source = test.first
			s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded)
			if test.published {
				dns[spki(t, test.first)] = 0
			}
			s.source = test.second
			s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded, tlscert.ChangedCertificateEnded)
			s.shows(test.second)
		})
	}
}
