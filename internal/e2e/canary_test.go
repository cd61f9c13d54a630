package e2e

import (
	"context"
	"encoding/json"
	"strings"
	"syscall"
	"time"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// secret adds one to what may never be shown.
func (s *site) secret(values ...string) { s.secrets = append(s.secrets, values...) }

// canaries are the secrets as they are, as a Secret's data, and as they travel
// in HTTP Basic and SASL PLAIN.
func (s *site) canaries() []string {
	return rig.Spellings(append(rig.Canaries(), s.secrets...)...)
}

// quiet fails where a text holds a canary; the text itself is not shown.
func (s *site) quiet(where, text string) {
	s.t.Helper()
	for i, canary := range s.canaries() {
		if at := strings.Index(text, canary); at >= 0 {
			s.t.Errorf("secret number %d stands in %s, after %q", i, where, text[max(0, at-60):at])
		}
	}
}

// close ends every test: what the program shows is searched while it runs, then
// it ends, then all that it has ever printed is searched.
func (s *site) close() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, path := range []string{"/metrics", "/status", "/livez", "/readyz"} {
		s.quiet(path, s.page(path))
	}
	for _, p := range s.lives {
		_ = p.Signal(syscall.SIGTERM) // most have ended before
	}
	for i, p := range s.lives {
		if _, err := p.Wait(ctx); err != nil {
			s.t.Errorf("process %d does not end: %v", i, err)
			_ = p.Signal(syscall.SIGKILL)
		}
		s.quiet("the output", p.Output())
		if strings.Contains(p.Output(), "panicked") {
			s.t.Errorf("process %d panicked", i)
		}
	}
	events, err := json.Marshal(s.Events(ctx))
	if err != nil {
		s.t.Error(err)
	}
	s.quiet("the Events", string(events))
	if err := s.Close(); err != nil {
		s.t.Error(err)
	}
}
