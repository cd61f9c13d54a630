package e2e

import (
	"context"
	"slices"
	"testing"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/rbac"
)

// lack is one verb that RBAC does not grant.
type lack struct {
	verb, resource, name string
	home                 bool     // in Stalwart's namespace, else in the mirror's
	holds                []string // the kinds of target that cannot do without it
}

func lacks() map[string]lack {
	all := map[string]lack{"update-configmap": {"update", "configmaps", rig.RecordsConfigMap, true, []string{"record"}}}
	for _, verb := range []string{"get", "list", "watch", "patch", "create"} {
		all[verb+"-mirror"] = lack{verb, "secrets", rig.MirrorSecret, false, []string{"mirror"}}
	}
	for _, verb := range []string{"list", "watch"} {
		all[verb+"-pods"] = lack{verb, "pods", "", true, []string{"relay"}}
	}
	for _, verb := range []string{"get", "list", "watch"} {
		all[verb+"-source"] = lack{verb, "secrets", rig.SourceSecret, true, []string{"relay", "mirror"}}
	}
	return all
}

// TestOneVerbMissing: whoever needs the verb says so, with the verb and what it is
// wanted on; whoever does not need it converges; and it is over by itself when the
// right is given.
func TestOneVerbMissing(t *testing.T) {
	t.Parallel()
	for name, l := range lacks() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, layout{domain: rig.Domain})
			if l.verb == "create" {
				s.deleteSecret(s.Consumer, rig.MirrorSecret)
			}
			give := s.take(l)
			s.start()
			held := s.targetsOf(l.holds)
			for _, target := range held {
				s.until(target+" is held and names "+l.verb, patience, s.heldNaming(target, "Forbidden", l.verb+` resource "`+l.resource+`"`))
			}
			s.until("the others converge", patience, s.convergedBut(held))
			s.awaitEvent("Forbidden", s.eventKind(l), s.eventName(l), l.verb)
			give()
			took := s.until("healed alone", patience, s.converged)
			t.Logf("right given -> converged: %s", took)
		})
	}
}

// take removes the verb from what the controller was granted; the function that
// it returns gives it back.
func (s *site) take(l lack) (give func()) {
	s.t.Helper()
	namespace := s.Consumer
	if l.home {
		namespace = s.Home
	}
	back, err := s.Take(s.t.Context(), rig.Right{Namespace: namespace, Verb: l.verb, Resource: l.resource, Name: l.name})
	must(s.t, err)
	return func() { must(s.t, back(s.t.Context())) }
}

func (s *site) targetsOf(kinds []string) []string {
	names := map[string]string{"relay": relayTarget, "mirror": s.mirrorTarget(), "record": recordTarget}
	var all []string
	for _, kind := range kinds {
		all = append(all, names[kind])
	}
	return all
}

func (s *site) convergedBut(held []string) func(ctx context.Context) bool {
	return func(ctx context.Context) bool {
		targets, _, err := s.Status(ctx)
		for name, row := range targets {
			if !slices.Contains(held, name) && row.Outcome != "Converged" {
				return false
			}
		}
		return err == nil && len(targets) > 0
	}
}

// eventKind and eventName are the object that the Event is about: the target that
// may not be touched, or the SOURCE.
func (s *site) eventKind(l lack) string {
	if l.resource == "configmaps" {
		return "ConfigMap"
	}
	return "Secret"
}

func (s *site) eventName(l lack) string {
	if l.resource == "configmaps" || l.name == rig.MirrorSecret {
		return l.name
	}
	return rig.SourceSecret
}

// TestNoMoreThanRBACPrints: every right of the Roles in the cluster is one that the
// program prints, and none reaches further than its namespace.
func TestNoMoreThanRBACPrints(t *testing.T) {
	t.Parallel()
	s := newSite(t, layout{})
	cfg, err := config.Load(s.ConfigFile)
	must(t, err)
	for namespace, rules := range rbac.Rules(cfg) {
		for _, r := range rules {
			unbounded := slices.Contains([]string{"pods", "events", "leases"}, r.Resources[0])
			if slices.Contains(r.Verbs, "*") || slices.Contains(r.Resources, "*") || len(r.ResourceNames) == 0 && !unbounded {
				t.Errorf("in %s: %v", namespace, r)
			}
		}
	}
	s.start()
	s.settled()
}
