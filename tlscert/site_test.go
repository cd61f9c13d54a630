package tlscert_test

import (
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"

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
	return fleet, &tlscert.Keeper{Host: host, Owner: owner, Fleet: fleet, Where: func() (string, bool) { return server.SubmissionAddr(), false }, Pods: func() []watcher.Incarnation { return nil },
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
		chain, result := smtpprobe.Handshake(s.t.Context(), smtpprobe.Request{Address: s.server.SubmissionAddr(), ServerName: name})
		if len(chain) == 0 || fingerprint(p) != stalwart.Fingerprint(chain[0].Raw) {
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
