package e2e

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
)

// storm is one way in which Stalwart's management interface goes wrong, and what
// must be said about it.
type storm struct {
	fault  stalwarttest.Fault
	reason string
	word   string // in the message
}

func storms(version string) map[string]storm {
	all := map[string]storm{
		"503":  {stalwarttest.Fault{Kind: stalwarttest.ServerError}, "StalwartAnswersStrangely", "503"},
		"500":  {stalwarttest.Fault{Kind: stalwarttest.ServerError, Status: 500}, "StalwartAnswersStrangely", "500"},
		"HTML": {stalwarttest.Fault{Kind: stalwarttest.HTML}, "StalwartAnswersStrangely", ""},
		"lost": {stalwarttest.Fault{Kind: stalwarttest.DropAnswer}, "StalwartUnreachable", "closed"},
	}
	if version == "lite" {
		all["truncated"] = storm{stalwarttest.Fault{Kind: stalwarttest.TruncatedJSON, Path: "/api/principal/"}, "StalwartAnswersStrangely", "truncated"}
		all["error in 200"] = storm{stalwarttest.Fault{Kind: stalwarttest.ErrorIn200, Path: "/api/principal/"}, "StalwartRefuses", "Store error"}
		return all
	}
	all["truncated"] = storm{stalwarttest.Fault{Kind: stalwarttest.TruncatedJSON, Path: "/jmap"}, "StalwartAnswersStrangely", "truncated"}
	all["error in 200"] = storm{stalwarttest.Fault{Kind: stalwarttest.ErrorIn200, Path: "/jmap", Method: "POST"}, "StalwartBusy", ""}
	all["method error"] = storm{stalwarttest.Fault{Kind: stalwarttest.MethodError, Method: "x:Domain/query"}, "StalwartBusy", ""}
	return all
}

// TestStorms: each is named, costs the mirror nothing, keeps the process alive and
// ready, and is over soon after its end.
func TestStorms(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"0.16.18", "lite"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, layout{version: version, domain: rig.Domain})
			if version == "lite" {
				must(t, rig.MakeKey(t.Context(), s.Rig.Mail))
			}
			s.start()
			s.settled()
			for name, storm := range storms(version) {
				s.weather(name, storm)
			}
		})
	}
}

// weather lets one storm pass over a site.
func (s *site) weather(name string, w storm) {
	s.t.Helper()
	before := s.mirror().ResourceVersion
	w.fault.Times = -1
	s.mail.Fail(w.fault)
	s.touchSource()
	s.until(name+" is named", patience, func(ctx context.Context) bool {
		targets, _, err := s.Status(ctx)
		row := targets[relayTarget]
		return err == nil && row.Outcome != "Converged" && row.Reason == w.reason && contains(row.Message, w.word)
	})
	if s.page("/livez") != "ok\n" || s.page("/readyz") != "ok\n" {
		s.t.Errorf("%s: the process calls itself dead or unready", name)
	}
	s.mail.Heal()
	s.until("healed after "+name, patience, s.converged)
	if s.mirror().ResourceVersion != before {
		s.t.Errorf("%s: the mirror was written", name)
	}
}

// TestRedirectIsNotFollowed: the administrator's password goes nowhere else.
func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	var visits atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	defer elsewhere.Close()
	s := newSite(t, layout{})
	s.start()
	s.settled()
	s.weather("a redirect", storm{stalwarttest.Fault{Kind: stalwarttest.Redirect, Location: elsewhere.URL}, "StalwartAnswersStrangely", "redirect"})
	if n := visits.Load(); n > 0 {
		t.Errorf("the redirect was followed %d times", n)
	}
}

// TestHang: no request waits for ever, and /status answers meanwhile.
func TestHang(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	s.start()
	s.settled()
	before := s.mirror().ResourceVersion
	s.mail.Fail(stalwarttest.Fault{Kind: stalwarttest.Hang, Times: -1})
	requests := len(s.mail.Requests())
	s.touchSource()
	s.until("a request hangs", patience, func(context.Context) bool { return len(s.mail.Requests()) > requests })
	begin := time.Now()
	if _, _, err := s.Status(t.Context()); err != nil || time.Since(begin) > 2*time.Second {
		t.Errorf("/status took %s (%v) while Stalwart hangs", time.Since(begin), err)
	}
	row := s.await(relayTarget, "Retrying", "StalwartUnreachable")
	if took := time.Since(begin); took > 30*time.Second || !contains(row.Message, "no answer in time") {
		t.Errorf("noticed after %s: %s", took, row.Message)
	}
	s.mail.Heal()
	took := s.until("healed after a hang", 35*time.Second, s.converged)
	t.Logf("hang over -> converged: %s", took.Round(time.Millisecond))
	if s.mirror().ResourceVersion != before {
		t.Error("the mirror was written")
	}
}

// TestDown: a closed port is knocked at once a second, so that everything is
// proven again within two seconds after it opens, however long it was closed.
func TestDown(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"0.16.18", "lite"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, layout{version: version, domain: rig.Domain})
			if version == "lite" {
				must(t, rig.MakeKey(t.Context(), s.Rig.Mail))
			}
			s.start()
			s.settled()
			s.nothingWrittenToMirror(func() {
				must(t, s.mail.Stop()) // and nobody says so: there is no Pod
				s.await(relayTarget, "Retrying", "StalwartUnreachable")
				s.awaitEvent("StalwartUnreachable", "Secret", rig.SourceSecret, "refused")
				s.stays("down and unready would be wrong", 8*time.Second, func(context.Context) bool { return s.page("/readyz") == "ok\n" })
				up := time.Now()
				must(t, s.mail.Start())
				took := s.until("proven again", patience, s.provenAfter(up))
				t.Logf("port open -> proven: %s", took.Round(time.Millisecond))
				if took > 2*time.Second {
					t.Errorf("proven %s after the port was open, more than 2 s", took)
				}
				s.until("everything converged", patience, s.converged)
			})
		})
	}
}

// nothingWrittenToMirror fails where the mirror changed while do ran.
func (s *site) nothingWrittenToMirror(do func()) {
	s.t.Helper()
	before := s.mirror()
	do()
	if after := s.mirror(); after.UID != before.UID || after.ResourceVersion != before.ResourceVersion {
		s.t.Error("the mirror was written")
	}
}

// TestUnusualModes: bootstrap and recovery are told apart and named.
func TestUnusualModes(t *testing.T) {
	t.Parallel()
	for mode, reason := range map[string]string{"bootstrap": "StalwartInBootstrapMode", "recovery": "StalwartInRecoveryMode"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, layout{})
			s.start()
			s.settled()
			s.mail.SetMode(mode)
			s.nothingWrittenToMirror(func() {
				must(t, s.mail.Restart())
				s.touchSource()
				s.await(relayTarget, "Held", reason)
				s.awaitEvent(reason, "Secret", rig.SourceSecret, mode)
				s.mail.SetMode("")
				must(t, s.mail.Restart())
				s.until("healed", patience, s.converged)
			})
		})
	}
}
