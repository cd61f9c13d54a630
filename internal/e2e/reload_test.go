package e2e

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

// reloads is how often a change of the configuration was noticed, by result.
func (s *site) reloads(result string) string {
	return s.metric(`smtp_mirror_config_reloads_total{result="` + result + `"}`)
}

// metric is the value of a series, "" where it does not exist.
func (s *site) metric(series string) string {
	for line := range strings.Lines(s.page("/metrics")) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// TestConfigurationChanges: a valid change is taken without a restart, an invalid
// one is counted and the old one goes on.
func TestConfigurationChanges(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	p := s.start()
	s.settled()
	target := s.adoptGranted("more")
	s.until("the new target appears", patience, func(ctx context.Context) bool {
		outcome, _ := s.Outcome(ctx, target)
		return outcome == "Converged" && s.converged(ctx)
	})
	if !s.secretHolds(s.Consumer, "more", rig.FirstPassword)(t.Context()) {
		t.Error("the new target does not hold the password")
	}
	if s.reloads("valid") != "1" {
		t.Errorf("%s valid reloads", s.reloads("valid"))
	}
	good, err := os.ReadFile(s.ConfigFile)
	must(t, err)
	for i, bad := range []string{"domian: example.test\n", "{", string(good) + "surprise: 1\n", strings.Replace(string(good), s.Rig.Mail.CAFile(), "/nowhere/ca.pem", 1) + "resync: never\n"} {
		must(t, s.WriteConfig(bad))
		want := string(rune('1' + i))
		s.until("an invalid change is counted", patience, func(context.Context) bool { return s.reloads("invalid") == want })
	}
	must(t, s.SetSource(t.Context(), rig.SecondPassword))
	s.until("the old configuration still works", patience, func(ctx context.Context) bool {
		return s.MirrorHolds(ctx, rig.SecondPassword) && s.secretHolds(s.Consumer, "more", rig.SecondPassword)(ctx) && s.converged(ctx)
	})
	must(t, s.Reconfigure(s.DefaultConfig(), nil))
	s.until("the target is gone from the status", patience, func(ctx context.Context) bool {
		targets, _, err := s.Status(ctx)
		_, there := targets[target]
		return err == nil && len(targets) == 4 && !there && s.converged(ctx)
	})
	if contains(s.page("/metrics"), target) && contains(s.page("/metrics"), `smtp_mirror_target_outcome{outcome="Converged",reason="",target="`+target) {
		t.Error("/metrics still shows an outcome of a target that is gone")
	}
	if s.page("/readyz") != "ok\n" || p.PID() == 0 {
		t.Error("not ready after the changes")
	}
}

// adoptGranted adds a mirror beside the first, with its rights.
func (s *site) adoptGranted(name string) string {
	s.t.Helper()
	tune := second(s.Consumer, name)
	cfg, err := config.Load(s.ConfigFile)
	must(s.t, err)
	tune(cfg)
	must(s.t, s.Grant(s.t.Context(), cfg))
	must(s.t, s.Reconfigure(s.DefaultConfig(), tune))
	return "mirror/" + s.Consumer + "/" + name
}
