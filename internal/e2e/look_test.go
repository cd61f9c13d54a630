package e2e

import (
	"context"
	"maps"
	"strings"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// The targets of the default configuration; the mirror's name depends on its
// namespace.
const (
	relayTarget  = "relay/console"
	recordTarget = "dkim-record"
)

func (s *site) mirrorTarget() string { return "mirror/" + s.Consumer + "/" + rig.MirrorSecret }

// converged reports whether every target is.
func (s *site) converged(ctx context.Context) bool {
	targets, leader, err := s.Status(ctx)
	if err != nil || !leader || len(targets) == 0 {
		return false
	}
	for _, t := range targets {
		if t.Outcome != "Converged" {
			return false
		}
	}
	return true
}

// settled waits until every target has converged and the records list every key
// that Stalwart makes by itself: nothing is left to happen.
func (s *site) settled() time.Duration {
	s.t.Helper()
	return s.until("everything converges", patience, func(ctx context.Context) bool { return s.converged(ctx) && s.allKeysRecorded(ctx) })
}

// allKeysRecorded reports whether records.json names every key of the domain:
// 0.16 makes two by itself, the second one in the background.
func (s *site) allKeysRecorded(ctx context.Context) bool {
	keys := s.mail.DKIMRecords(rig.Domain)
	text := s.Records(ctx, "records.json")
	for _, k := range keys {
		if !strings.Contains(text, k.Selector+"._domainkey") {
			return false
		}
	}
	return len(keys) >= 2 || s.version == "lite"
}

// await waits until a target has an outcome for a reason, and returns its row.
func (s *site) await(target, outcome, reason string) rig.Target {
	s.t.Helper()
	var row rig.Target
	s.until(target+" is "+outcome+" with reason "+reason, patience, func(ctx context.Context) bool {
		targets, _, err := s.Status(ctx)
		row = targets[target]
		return err == nil && row.Outcome == outcome && row.Reason == reason
	})
	return row
}

// provenAfter reports whether the relay was proven after a time, by the
// controller's own clock, which is ours.
func (s *site) provenAfter(at time.Time) func(ctx context.Context) bool {
	return func(ctx context.Context) bool {
		targets, _, err := s.Status(ctx)
		row := targets[relayTarget]
		proof, parse := time.Parse(time.RFC3339Nano, row.LastProof)
		return err == nil && parse == nil && proof.After(at) && row.Outcome == "Converged"
	}
}

// event finds an Event by reason, kind and name of its object, and a part of
// its note.
func (s *site) event(ctx context.Context, reason, kind, name, note string) *eventsv1.Event {
	for _, e := range s.Events(ctx) {
		if e.Reason == reason && e.Regarding.Kind == kind && e.Regarding.Name == name && strings.Contains(e.Note, note) {
			return &e
		}
	}
	return nil
}

// awaitEvent waits for such an Event: the recorder writes in the background.
func (s *site) awaitEvent(reason, kind, name, note string) {
	s.t.Helper()
	s.until("an Event "+reason+" on the "+kind+" "+name+" that says "+note, patience, func(ctx context.Context) bool {
		return s.event(ctx, reason, kind, name, note) != nil
	})
}

// versions maps every object that the controller could write, but the Lease, to
// its version: two equal maps mean that nothing was written in between.
func (s *site) versions() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	for _, namespace := range []string{s.Home, s.Consumer} {
		core := s.Admin.CoreV1()
		secrets, err := core.Secrets(namespace).List(s.t.Context(), metav1.ListOptions{})
		must(s.t, err)
		for _, o := range secrets.Items {
			all["secret "+namespace+"/"+o.Name] = o.ResourceVersion
		}
		configMaps, err := core.ConfigMaps(namespace).List(s.t.Context(), metav1.ListOptions{})
		must(s.t, err)
		for _, o := range configMaps.Items {
			all["configmap "+namespace+"/"+o.Name] = o.ResourceVersion
		}
		events, err := s.Admin.EventsV1().Events(namespace).List(s.t.Context(), metav1.ListOptions{})
		must(s.t, err)
		for _, o := range events.Items {
			all["event "+namespace+"/"+o.Name] = o.ResourceVersion
		}
	}
	return all
}

// mailWrites lists the requests by which somebody could have changed Stalwart.
func (s *site) mailWrites() []string {
	var all []string
	for _, r := range s.mail.Requests() {
		for _, call := range r.Calls {
			if strings.HasSuffix(call, "/set") {
				all = append(all, call)
			}
		}
		if len(r.Calls) == 0 && r.Method != "GET" && r.Path != "/api/oauth" && !strings.HasPrefix(r.Path, "/jmap") {
			all = append(all, r.Method+" "+r.Path)
		}
	}
	return all
}

// nothingWritten fails where Kubernetes or Stalwart changed while do ran.
func (s *site) nothingWritten(while string, do func()) {
	s.t.Helper()
	before, writes := s.versions(), len(s.mailWrites())
	do()
	after := s.versions()
	if !maps.Equal(before, after) {
		for name, version := range after {
			if before[name] != version {
				s.t.Errorf("%s: %s was written", while, name)
			}
		}
	}
	if all := s.mailWrites(); len(all) > writes {
		s.t.Errorf("%s: Stalwart was written to: %v", while, all[writes:])
	}
}

// lastProof is the time of the newest accepted login.
func (s *site) lastProof() time.Time {
	s.t.Helper()
	targets, _, err := s.Status(s.t.Context())
	must(s.t, err)
	at, err := time.Parse(time.RFC3339Nano, targets[relayTarget].LastProof)
	must(s.t, err)
	return at
}
