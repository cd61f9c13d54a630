package audit_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/audit"
	"github.com/openova-io/smtp-mirror/watcher"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder keeps Events.
type recorder struct{ events []string }

func (r *recorder) Event(about corev1.ObjectReference, kind, reason, action, note string) {
	r.events = append(r.events, strings.Join([]string{about.Namespace + "/" + about.Name, kind, reason, action, note}, " "))
}

// desk is a trail with all its outputs at hand.
type desk struct {
	audit.Trail
	*recorder
	log      bytes.Buffer
	registry *prometheus.Registry
}

func newDesk() *desk {
	d := &desk{recorder: &recorder{}, registry: prometheus.NewRegistry()}
	d.Trail = audit.Trail{Log: slog.New(slog.NewTextHandler(&d.log, nil)), Events: d.recorder, Metrics: audit.NewMetrics(d.registry)}
	return d
}

// take gives what came since the last call: events and lines of the log.
func (d *desk) take() (events, lines []string) {
	events, lines = d.events, strings.Split(strings.TrimSuffix(d.log.String(), "\n"), "\n")
	if d.log.Len() == 0 {
		lines = nil
	}
	d.events = nil
	d.log.Reset()
	return events, lines
}

// value is the sum of a family's series that carry all labels ("name=value").
func (d *desk) value(t *testing.T, family string, labels ...string) float64 {
	t.Helper()
	families, err := d.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != family {
			continue
		}
		for _, m := range f.GetMetric() {
			var have []string
			for _, l := range m.GetLabel() {
				have = append(have, l.GetName()+"="+l.GetValue())
			}
			if !slices.ContainsFunc(labels, func(l string) bool { return !slices.Contains(have, l) }) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

var (
	source  = corev1.ObjectReference{Namespace: "ns", Name: "source"}                                                         //nolint:gochecknoglobals // a constant
	applied = watcher.Change{Reason: "Mirrored", Action: "Apply", Message: "applied smtp-pass", Regarding: source, Writes: 1} //nolint:gochecknoglobals // a constant
)

// step is one run of a target, and how many Events, lines, changes and troubles
// it must give.
type step struct {
	name     string
	result   watcher.Result
	err      error
	events   []string
	lines    int
	changes  float64
	troubles float64
}

// life runs a target through its steps with a real loop.
func life(t *testing.T, d *desk, steps []step) {
	t.Helper()
	var now step
	loop := watcher.NewLoop(watcher.LoopOptions{Resync: time.Hour, Observe: d.Observe, Reconcilers: map[watcher.Target]watcher.Reconciler{
		"relay/console": watcher.ReconcilerFunc(func(context.Context) (watcher.Result, error) { return now.result, now.err })}})
	d.Metrics.Start(loop.Status())
	changes, troubles := 0.0, 0.0
	for _, now = range steps {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			loop.Run(ctx)
		}()
		synctest.Wait()
		cancel()
		<-done
		events, lines := d.take()
		changes, troubles = changes+now.changes, troubles+now.troubles
		if !slices.Equal(events, now.events) || len(lines) != now.lines {
			t.Errorf("%s: events %q, log %q", now.name, events, lines)
		}
		if got := d.value(t, "smtp_mirror_changes_total"); got != changes {
			t.Errorf("%s: %v changes, want %v", now.name, got, changes)
		}
		if got := d.value(t, "smtp_mirror_troubles_total"); got != troubles {
			t.Errorf("%s: %v troubles, want %v", now.name, got, troubles)
		}
	}
}

// TestExactlyOnce: every real change and every new trouble is one Event, one
// line and one count; a run without news is none.
func TestExactlyOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ok := watcher.Result{Outcome: watcher.Converged, Regarding: source}
		wrote := ok
		wrote.Changes = []watcher.Change{applied}
		both := watcher.Result{Outcome: watcher.Held, Reason: "SourceInvalid", Message: "smtp-host is empty", Regarding: source, Changes: []watcher.Change{applied}}
		held := both
		held.Changes = nil
		life(t, newDesk(), []step{
			{name: "the first run writes", result: wrote, events: []string{"ns/source Normal Mirrored Apply applied smtp-pass"}, lines: 2, changes: 1},
			{name: "nothing", result: ok},
			{name: "nothing again", result: ok},
			{name: "held", result: held, events: []string{"ns/source Warning SourceInvalid Held smtp-host is empty"}, lines: 1, troubles: 1},
			{name: "held for the same", result: held},
			{name: "a failure", result: ok, err: errors.New("dial 1"), events: []string{"ns/source Warning Error Retrying dial 1"}, lines: 1, troubles: 1},
			{name: "the same with another text", result: ok, err: errors.New("dial 2")},
			{name: "recovered", result: ok, events: []string{"ns/source Normal Recovered Recover relay/console is converged again after Error"}, lines: 1},
			{name: "nothing after it", result: ok},
			{name: "two changes", result: watcher.Result{Outcome: watcher.Converged, Changes: []watcher.Change{applied, applied}}, lines: 2, changes: 2,
				events: []string{"ns/source Normal Mirrored Apply applied smtp-pass", "ns/source Normal Mirrored Apply applied smtp-pass"}},
			{name: "a change and a trouble", result: both, lines: 2, changes: 1, troubles: 1,
				events: []string{"ns/source Normal Mirrored Apply applied smtp-pass", "ns/source Warning SourceInvalid Held smtp-host is empty"}},
		})
	})
}

// TestNotes: at most 1024 bytes, always valid UTF-8, never cut through a letter.
func TestNotes(t *testing.T) {
	for name, note := range map[string]string{
		"long": strings.Repeat("x", 3000), "wide letters": strings.Repeat("ß", 2000), "out of step": "xx" + strings.Repeat("€", 1000), "no UTF-8": strings.Repeat("\xff\xfe", 1000), "just right": strings.Repeat("x", 1024),
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.Observe(watcher.Transition{After: watcher.Status{Name: "a", Outcome: watcher.Held, Reason: "R", Message: note}, Result: watcher.Result{Regarding: source}})
			_, got, _ := strings.Cut(d.events[0], "Held ")
			if len(got) > 1024 || len(got) == 0 || len(note) > 1024 && utf8.ValidString(note) && len(got) < 1000 || !utf8.ValidString(got) {
				t.Errorf("%d bytes, valid %t", len(got), utf8.ValidString(got))
			}
		})
	}
}

// TestWithoutAnObject: what is about nothing is no Event, but a line and a count.
func TestWithoutAnObject(t *testing.T) {
	d := newDesk()
	d.Observe(watcher.Transition{After: watcher.Status{Name: "a", Outcome: watcher.Held, Reason: "R", Message: "m"}})
	if events, lines := d.take(); len(events) != 0 || len(lines) != 1 || d.value(t, "smtp_mirror_troubles_total", "target=a", "reason=R") != 1 {
		t.Errorf("%q, %q", events, lines)
	}
	d.Events = nil // and without a recorder at all
	d.Observe(watcher.Transition{After: watcher.Status{Name: "b", Outcome: watcher.Held, Reason: "R"}, Result: watcher.Result{Regarding: source}})
}
