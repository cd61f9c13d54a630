package audit_test

import (
	"testing"
	"time"

	"k8s.io/client-go/util/workqueue"

	"github.com/openova-io/smtp-mirror/audit"
	"github.com/openova-io/smtp-mirror/watcher"
)

// TestSeriesExistFromTheStart, at zero: an alert on a series that is not there
// never fires.
func TestSeriesExistFromTheStart(t *testing.T) {
	d := newDesk()
	d.Metrics.Start([]watcher.Status{{Name: "relay/console", Outcome: watcher.Retrying, Reason: watcher.ReasonPending}, {Name: "mirror/a/b", Outcome: watcher.Retrying, Reason: watcher.ReasonPending}})
	families, err := d.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"smtp_mirror_target_outcome": 6, "smtp_mirror_writes_total": 2, "smtp_mirror_last_proof_timestamp_seconds": 1, "smtp_mirror_leader": 1}
	for _, f := range families {
		if n := want[f.GetName()]; n != 0 && n != len(f.GetMetric()) {
			t.Errorf("%s has %d series, want %d", f.GetName(), len(f.GetMetric()), n)
		}
		delete(want, f.GetName())
	}
	if len(want) != 0 {
		t.Errorf("there are no series of %v", want)
	}
}

// TestOneOutcomeAtATime: of all series of a target one is 1, and old reasons are
// gone.
func TestOneOutcomeAtATime(t *testing.T) {
	d := newDesk()
	for _, s := range []watcher.Status{{Outcome: watcher.Held, Reason: "A"}, {Outcome: watcher.Held, Reason: "B"}, {Outcome: watcher.Converged}, {Outcome: watcher.Retrying, Reason: "C"}} {
		s.Name = "mirror/a/b"
		d.Observe(watcher.Transition{After: s})
		sum := d.value(t, "smtp_mirror_target_outcome", "target=mirror/a/b")
		if got := d.value(t, "smtp_mirror_target_outcome", "target=mirror/a/b", "outcome="+string(s.Outcome), "reason="+s.Reason); got != 1 || sum != 1 {
			t.Errorf("%s %s: %v of %v", s.Outcome, s.Reason, got, sum)
		}
	}
}

// TestProofsAndWrites: counted where they belong.
func TestProofsAndWrites(t *testing.T) {
	d := newDesk()
	d.Observe(watcher.Transition{After: watcher.Status{Name: "relay/console", Outcome: watcher.Converged}, Result: watcher.Result{LastProof: time.Unix(1e9, 5e8), Changes: []watcher.Change{{Reason: "R", Writes: 3}, {Reason: "R"}}}})
	if got := d.value(t, "smtp_mirror_last_proof_timestamp_seconds", "submission=console"); got != 1e9+0.5 {
		t.Errorf("the last proof is %v", got)
	}
	if got := d.value(t, "smtp_mirror_writes_total", "target=relay/console"); got != 3 {
		t.Errorf("%v writes", got)
	}
	d.Metrics.Cache("secret a/b", time.Unix(7, 0), 2)
	if d.value(t, "smtp_mirror_cache_rebuilds", "object=secret a/b") != 2 || d.value(t, "smtp_mirror_cache_fresh_timestamp_seconds", "object=secret a/b") != 7 {
		t.Error("the freshness of a cache is not shown")
	}
	d.Metrics.Start(nil) // a configuration without them
	if d.value(t, "smtp_mirror_cache_rebuilds") != 0 || d.value(t, "smtp_mirror_target_outcome") != 0 {
		t.Error("series of what is gone stay")
	}
}

// TestQueueMetrics: a workqueue can use them.
func TestQueueMetrics(t *testing.T) {
	d := newDesk()
	q := workqueue.NewTypedRateLimitingQueueWithConfig(workqueue.TypedRateLimiter[watcher.Target](watcher.NewBackoff()),
		workqueue.TypedRateLimitingQueueConfig[watcher.Target]{Name: "targets", MetricsProvider: audit.NewQueue(d.registry)})
	q.Add("a")
	if d.value(t, "workqueue_depth", "name=targets") != 1 || d.value(t, "workqueue_adds_total", "name=targets") != 1 {
		t.Error("an add is not counted")
	}
	item, _ := q.Get()
	q.Done(item)
	q.ShutDown()
	if d.value(t, "workqueue_depth", "name=targets") != 0 {
		t.Error("the queue is not empty")
	}
}
