package e2e

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// once runs `smtp-mirror once` to its end and gives the exit code.
func (s *site) once(args ...string) (code int, output string) {
	s.t.Helper()
	p, err := s.Run(append([]string{"once", "--log-level", "debug-8"}, args...)...)
	must(s.t, err)
	s.lives = append(s.lives, p)
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	code, err = p.Wait(ctx)
	must(s.t, err)
	return code, p.Output()
}

// TestOnceConverges: everything is made true once, without a Lease, and a second
// time writes nothing.
func TestOnceConverges(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	if code, out := s.once(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	if !s.MirrorHolds(t.Context(), rig.FirstPassword) {
		t.Error("the mirror does not hold the password")
	}
	s.until("Stalwart has made both keys", patience, func(context.Context) bool { return len(s.publicKeys()) == 2 })
	if code, out := s.once(); code != 0 || !s.recordsTrue(t.Context()) {
		t.Fatalf("exit code %d, and the records are not true\n%s", code, out)
	}
	s.nothingWritten("another once", func() {
		if code, _ := s.once(); code != 0 {
			t.Errorf("exit code %d", code)
		}
	})
}

// TestOnceHeldAndFailing: the exit code tells a wait from a failure, and a failure
// outweighs a wait.
func TestOnceHeldAndFailing(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{domain: rig.Domain})
	s.editSource(func(data map[string][]byte) { data["smtp-port"] = []byte("0") })
	begin := time.Now()
	if code, out := s.once(); code != 2 || !contains(out, "smtp-port") {
		t.Errorf("exit code %d for a SOURCE that is wrong\n%s", code, out)
	}
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("it took %s to find out", took)
	}
	must(t, s.mail.Stop())
	if code, _ := s.once("--timeout", "3s"); code != 1 {
		t.Errorf("exit code %d while Stalwart is down", code)
	}
	for _, args := range [][]string{{"--no-such-flag"}, {"surplus"}, {"--timeout", "soon"}, {"--log-format", "xml"}} {
		if code, _ := s.once(args...); code != 64 {
			t.Errorf("exit code %d for %v", code, args)
		}
	}
}

// state is everything of Stalwart's that a dry run could have changed.
func (s *site) state() any {
	return []any{s.mail.Accounts(), s.mail.Domains(), s.mail.DKIMRecords(rig.Domain), s.mailWrites()}
}

// TestDryRun: it says what it would write, by names of keys, and writes nothing:
// no object, no Event, not in Stalwart.
func TestDryRun(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]layout{"empty": {}, "domain": {domain: rig.Domain}, "lite": {version: "lite", domain: rig.Domain}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, l)
			if name == "lite" {
				must(t, rig.MakeKey(t.Context(), s.Rig.Mail))
			}
			if name == "domain" {
				s.until("Stalwart has made its keys", patience, func(context.Context) bool { return len(s.publicKeys()) == 2 })
			}
			before := s.state()
			s.nothingWritten("a dry run", func() {
				code, out := s.once("--dry-run")
				if code != 0 || !contains(out, "would apply") || !contains(out, "smtp-pass") || !contains(out, "CreateAccount") {
					t.Errorf("exit code %d, or it does not say what it would do\n%s", code, out)
				}
			})
			if !reflect.DeepEqual(before, s.state()) {
				t.Error("Stalwart is not what it was")
			}
		})
	}
}
