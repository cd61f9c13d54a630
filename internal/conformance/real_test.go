package conformance

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/openova-io/smtp-mirror/internal/outside"
	"github.com/openova-io/smtp-mirror/internal/stalwartproc"
	"github.com/openova-io/smtp-mirror/stalwart"
)

// realServer is a process of package stalwartproc.
type realServer struct {
	*stalwartproc.Server
	generation stalwart.Generation
	world      *outside.World
}

func (s *realServer) Outside() *outside.World { return s.world }

func (s *realServer) Generation() stalwart.Generation { return s.generation }

// Label says the API too where the version does not tell it: a fork of 0.15
// calls itself 0.16.0.
func (s *realServer) Label() string {
	if s.generation == stalwart.Gen015 {
		return s.Version() + " with the API of 0.15 (real)"
	}
	return s.Version() + " (real)"
}

func (s *realServer) Stop(context.Context) error { return s.Server.Stop() }

func (s *realServer) Wipe(ctx context.Context) error {
	if err := s.Server.Wipe(); err != nil {
		return err
	}
	return s.Start(ctx)
}

// startReal starts the binary on an empty directory.
func startReal(t *testing.T, binary string, untrusted bool) Server {
	t.Helper()
	generation, _, err := stalwartproc.Generation(binary)
	must(t, err)
	w := newWorld(t)
	s, err := stalwartproc.Start(t.Context(), stalwartproc.Options{
		Binary: binary, Hostname: hostname, FreshCertificate: untrusted,
		Outside: &stalwartproc.Outside{Resolver: w.Resolver.Addr(), Relay: outside.MTAHost, Port: w.Port()},
	})
	must(t, err)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &realServer{s, stalwart.Generation(generation), w}
}

// realBinary is the one of STALWART_BIN, else the one that make stalwart builds.
func realBinary(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("STALWART_BIN"); path != "" {
		return path
	}
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		must(t, err)
		cache = filepath.Join(home, ".cache") // where the build script puts it, on every system
	}
	path := filepath.Join(cache, "smtp-mirror", "stalwart-lite-0.16.0", "bin", "stalwart")
	if _, err := os.Stat(path); err != nil {
		t.Skip("no real Stalwart: STALWART_BIN names none and the cache has none; `make stalwart` builds one")
	}
	return path
}

func TestReal(t *testing.T) {
	binary := realBinary(t)
	conform(t, func(t *testing.T, untrusted bool) Server { return startReal(t, binary, untrusted) })
}
