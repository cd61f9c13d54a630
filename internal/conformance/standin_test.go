package conformance

import (
	"context"
	"crypto/tls"
	"os"
	"path/filepath"
	"testing"

	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
	"github.com/openova-io/smtp-mirror/internal/outside"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
	"github.com/openova-io/smtp-mirror/stalwart"
)

// standIn is a server of package stalwarttest.
type standIn struct {
	*stalwarttest.Server
	version, caFile string
	world           *outside.World
}

func (s *standIn) Outside() *outside.World { return s.world }

func (s *standIn) Label() string  { return s.version + " (stand-in)" }
func (s *standIn) CAFile() string { return s.caFile }

func (s *standIn) Generation() stalwart.Generation { return generationOf(s.version) }

// Version of the lite fork is not that of its API.
func (s *standIn) Version() string {
	if s.version == "lite" {
		return "0.16.0"
	}
	return s.version
}

func generationOf(version string) stalwart.Generation {
	if version == "0.15.5" || version == "lite" {
		return stalwart.Gen015
	}
	return stalwart.Gen016
}

func (s *standIn) Stop(context.Context) error    { return s.Server.Stop() }
func (s *standIn) Start(context.Context) error   { return s.Server.Start() }
func (s *standIn) Restart(context.Context) error { return s.Server.Restart() }

func (s *standIn) Wipe(context.Context) error {
	s.Server.Wipe()
	return s.Server.Restart()
}

// startStandIn starts a stand-in; its version and certificate are chosen here,
// everything else by the caller.
func startStandIn(t *testing.T, o stalwarttest.Options, untrusted bool) *standIn {
	t.Helper()
	s := &standIn{version: o.Version, world: newWorld(t)}
	o.Relay = s.world.MTA.Addr()
	if !untrusted {
		o.Certificate, s.caFile = certificate(t)
	}
	var err error
	s.Server, err = stalwarttest.Start(o)
	must(t, err)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// certificate makes an authority, whose file it names, and a certificate.
func certificate(t *testing.T) (*tls.Certificate, string) {
	t.Helper()
	ca, err := pki.NewCA("mail test")
	must(t, err)
	pair, err := ca.Server(hostname, "127.0.0.1", "localhost")
	must(t, err)
	parsed, err := tls.X509KeyPair(pair.Cert, pair.Key)
	must(t, err)
	file := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(file, ca.PEM(), 0o600))
	return &parsed, file
}

func TestStandIn(t *testing.T) {
	for _, version := range []string{"0.16.18", "0.16.3", "0.15.5", "lite"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			conform(t, func(t *testing.T, untrusted bool) Server {
				return startStandIn(t, stalwarttest.Options{Version: version}, untrusted)
			})
		})
	}
}
