package tlscert_test

import (
	"bufio"
	"io"
	"net"
	"slices"
	"testing"

	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/tlscert"
)

// intermediates counts what a client is shown behind the leaf.
func (s *site) intermediates() int {
	s.t.Helper()
	chain, result := smtpprobe.Handshake(s.t.Context(), smtpprobe.Request{Address: s.server.SubmissionAddr(), ServerName: host})
	if len(chain) == 0 {
		s.t.Fatalf("%+v", result)
	}
	return len(chain) - 1
}

func belowAnIntermediate(t *testing.T) (bare, complete pki.Pair) {
	t.Helper()
	between, err := authority(t).Intermediate("between")
	if err != nil {
		t.Fatal(err)
	}
	bare = issue(t, between, month, host)
	return bare, pki.Pair{Cert: slices.Concat(bare.Cert, between.PEM()), Key: bare.Key}
}

// TestAChainThatIsRepaired is installed, although its leaf is served already.
func TestAChainThatIsRepaired(t *testing.T) {
	each(t, both, func(t *testing.T, s *site) {
		bare, complete := belowAnIntermediate(t)
		s.source = bare
		s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded)
		s.source = complete
		s.converged(tlscert.ChangedCertificate, tlscert.ChangedCertificateEnded)
		if n := s.intermediates(); n != 1 || len(s.holds()) != 1 {
			t.Errorf("%d intermediates are shown, %d certificates held", n, len(s.holds()))
		}
		s.converged()
	})
}

// TestAChainThatIsRepairedInAFile is loaded once.
func TestAChainThatIsRepairedInAFile(t *testing.T) {
	bare, complete := belowAnIntermediate(t)
	s := newSite(t, stalwarttest.Options{Version: "0.15.5"})
	s.must(s.server.MountCertificate(bare.Cert, bare.Key))
	s.source = bare
	s.converged(tlscert.ChangedCertificateReloaded)
	s.must(s.server.MountCertificate(complete.Cert, complete.Key))
	s.source = complete
	s.converged()
	if n := s.intermediates(); n != 1 {
		t.Errorf("%d intermediates are shown", n)
	}
}

// plain is a server without STARTTLS.
func plain(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "220 plain ESMTP\r\n")
			_, _ = bufio.NewReader(c).ReadString('\n')
			_, _ = io.WriteString(c, "250 plain\r\n")
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

// TestAnAddressWithoutTLS says nothing about the certificate: it is not withdrawn.
func TestAnAddressWithoutTLS(t *testing.T) {
	s := newSite(t, stalwarttest.Options{})
	s.source = issue(t, authority(t), month, host)
	where, at := s.keeper.Where, plain(t)
	s.keeper.Where = func() (string, bool) { return at, false }
	s.held(string(smtpprobe.NoTLS), "does not offer STARTTLS")
	if all := s.holds(); len(all) != 1 || !all[0].Default {
		t.Errorf("it holds %+v", all)
	}
	s.keeper.Where = where
	s.converged()
	s.shows(s.source)
}

// TestTheDefaultOfOthersComesBack where ours could not be used.
func TestTheDefaultOfOthersComesBack(t *testing.T) {
	ca := authority(t)
	s := newSite(t, stalwarttest.Options{})
	theirs := s.foreign(issue(t, ca, month, "www.example.test"), "somebody/else")
	directory, err := s.fleet.Detect(t.Context())
	s.must(err)
	s.must(directory.UseCertificate(t.Context(), theirs))
	s.source = issue(t, ca, 2*month, host)
	s.spoil([]byte("no key at all"))
	s.held(tlscert.ReasonCertificateUnusable)
	if all := s.holds(); len(all) != 1 || all[0].ID != theirs || !all[0].Default {
		t.Errorf("it holds %+v", all)
	}
}
