package rollout

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttesting "k8s.io/client-go/testing"

	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/workload"
)

// roll reconciles and wants that exactly one patch is made.
func (w *world) rolls(what string) watcher.Result {
	w.t.Helper()
	before := len(w.patches())
	result, reason := w.run(w.Consumer)
	if n := len(w.patches()) - before; n != 1 || reason != "" || len(result.Changes) != 1 || result.Changes[0].Reason != ChangedRollout {
		w.t.Fatalf("%s: %d patches, %q, %+v", what, n, reason, result.Changes)
	}
	return result
}

// rests reconciles, also as a new process, and wants that nothing is written.
func (w *world) rests(what, reason string) {
	w.t.Helper()
	before := len(w.patches())
	ref := w.Workload.Ref()
	again := w.consumer(ref.Kind)
	again.Via = w.Via
	for _, c := range []*Consumer{w.Consumer, again} {
		if _, got := w.run(c); got != reason {
			w.t.Errorf("%s: %q, want %q", what, got, reason)
		}
	}
	if n := len(w.patches()) - before; n != 0 {
		w.t.Errorf("%s: %d writes", what, n)
	}
}

// TestADeploymentIsRolledOncePerGeneration, and not again by whoever comes next.
func TestADeploymentIsRolledOncePerGeneration(t *testing.T) {
	w := newWorld(t, workload.Deployment)
	w.rests("nothing is proven", "")
	w.prove(1, "one")
	w.mirror = nil
	w.rests("the mirror is absent", "")
	w.prove(1, "one")
	w.mirror["smtp-user"] = []byte("another")
	w.rests("the mirror has another user", "")
	w.prove(1, "one")
	result := w.rolls("the first generation")
	if p := w.patches()[0]; !strings.Contains(p, `{"spec":{"template":{"metadata":{"annotations":{"console.smtp-mirror.openova.io/credential-generation":"1"}}}}}`) {
		t.Error(p)
	}
	if result.After != watchEvery || result.Regarding.Kind != "Deployment" || result.Regarding.APIVersion != "apps/v1" {
		t.Errorf("%+v", result)
	}
	w.rests("it is under way", "")
	if w.board.Lowest("console") != 0 {
		t.Error("the old Pod is not seen")
	}
	w.must(w.kube.CoreV1().Pods("ns").Delete(t.Context(), "x-1", metav1.DeleteOptions{}))
	w.pod("x-2", "1")
	w.rests("it has rolled", "")
	if w.board.Lowest("console") != 1 || w.moved == 0 {
		t.Errorf("it runs on %d, told %d times", w.board.Lowest("console"), w.moved)
	}
	w.prove(2, "two")
	w.rolls("the second generation")
}

// TestAnUndoneRolloutIsDoneAgain: the template goes back to an old generation while
// the mirror holds the new one.
func TestAnUndoneRolloutIsDoneAgain(t *testing.T) {
	w := newWorld(t, workload.Deployment)
	w.prove(1, "one")
	w.rolls("the first")
	w.prove(2, "two")
	w.rolls("the second")
	w.must(w.Workload.Annotate(t.Context(), AnnotationOf("console"), "1"))
	w.rolls("after the undo")
	w.rests("done", "")
}

// TestLostNumbers: who was told more than there is waits for the relay to count on,
// and holds everything until then.
func TestLostNumbers(t *testing.T) {
	w := newWorld(t, workload.Deployment)
	w.must(w.kube.CoreV1().Pods("ns").Delete(t.Context(), "x-1", metav1.DeleteOptions{}))
	w.pod("x-2", "7")
	w.must(w.Workload.Annotate(t.Context(), AnnotationOf("console"), "6"))
	if told, err := w.Told(t.Context()); told != 7 || err != nil {
		t.Errorf("told %d, %v", told, err)
	}
	w.prove(6, "new")
	w.rests("the numbers meet", "")
	if n := w.board.Lowest("console"); n != 0 {
		t.Errorf("it runs on %d, which nobody knows", n)
	}
	w.prove(8, "new")
	w.rolls("above them")
}

// TestVia: it is rolled when both keys of what its Pods read have the mirror's bytes.
func TestVia(t *testing.T) {
	w := newWorld(t, workload.Deployment)
	w.via()
	w.prove(1, "one")
	for _, data := range []map[string][]byte{nil, {}, {"LOGIN": []byte("u"), "SECRET": []byte("zero")}, {"LOGIN": []byte("old"), "SECRET": []byte("one")},
		{"smtp-user": []byte("u"), "smtp-pass": []byte("one")}, {"SECRET": []byte("one")}, {"LOGIN": []byte("one"), "SECRET": []byte("u")}} {
		w.rendered = data
		w.rests("not rendered", ReasonNotRendered)
	}
	w.rendered = map[string][]byte{"LOGIN": []byte("u"), "SECRET": []byte("one")}
	w.rolls("rendered")
}

// TestFluxIsAskedOncePerGeneration, before what it renders is there.
func TestFluxIsAskedOncePerGeneration(t *testing.T) {
	for _, kind := range []string{workload.HelmRelease, workload.Kustomization} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t, kind)
			w.via()
			w.prove(1, "one")
			w.rolls("the first generation")
			w.rests("it is under way", "")
			w.handle(kind, "True", "Succeeded")
			w.rests("not rendered yet", "")
			if w.board.Lowest("console") != 0 {
				t.Error("it counts as done before it has rendered")
			}
			w.rendered = map[string][]byte{"LOGIN": []byte("u"), "SECRET": []byte("one")}
			w.rests("done", "")
			if n := w.board.Lowest("console"); n != 1 {
				t.Errorf("it runs on %d", n)
			}
			w.prove(2, "two")
			w.rolls("the second generation")
			for i, patch := range w.patches() {
				value := `"console.smtp-mirror.openova.io/credential-generation=` + string(rune('1'+i)) + `"`
				if !strings.Contains(patch, `"reconcile.fluxcd.io/requestedAt":`+value) || strings.Contains(patch, `"reconcile.fluxcd.io/forceAt":`+value) != (kind == workload.HelmRelease) {
					t.Error(patch)
				}
			}
		})
	}
}

// TestLate: past the deadline it is said who, or what, is in the way, and no more.
func TestLate(t *testing.T) {
	rows := []struct {
		kind, says string
		before     func(w *world)
	}{
		{workload.Deployment, "after 1m0s: x-1", func(*world) {}},
		{workload.HelmRelease, "the request has not been handled", func(*world) {}},
		{workload.HelmRelease, "Ready is False: UpgradeFailed", func(w *world) { w.handle(workload.HelmRelease, "False", "UpgradeFailed") }},
		{workload.Kustomization, "does not hold the mirror's bytes", func(w *world) { w.handle(workload.Kustomization, "True", "Succeeded"); w.via() }},
	}
	for _, row := range rows {
		t.Run(row.says, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, row.kind)
				w.prove(1, "one")
				w.rolls("it")
				row.before(w)
				w.rests("under way", "")
				time.Sleep(40 * time.Second)
				w.rests("it has some time left", "")
				time.Sleep(40 * time.Second)
				_, err := w.Reconcile(context.Background())
				var hold *watcher.HoldError
				if !errors.As(err, &hold) || hold.Why != ReasonRolloutLate || !strings.Contains(hold.Text, row.says) || strings.Contains(hold.Text, canary) {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// TestWhatStandsInTheWay of looking, by its own name.
func TestWhatStandsInTheWay(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "x"}, "x", errors.New("no"))
	page := apierrors.NewGenericServerResponse(http.StatusNotFound, "get", schema.GroupResource{}, "", "404 page not found", 0, true)
	rows := []struct {
		name, kind, verb, reason string
		answer                   error
		told                     bool // it is known that it was told nothing
	}{
		{"forbidden to read", workload.HelmRelease, "get", watcher.ReasonForbidden, forbidden, false},
		{"forbidden to write", workload.HelmRelease, "patch", watcher.ReasonForbidden, forbidden, true},
		{"forbidden to list Pods", workload.Deployment, "list", watcher.ReasonForbidden, forbidden, false},
		{"Flux is not installed", workload.Kustomization, "get", ReasonFluxNotInstalled, page, true},
		{"absent", workload.Deployment, "get", ReasonConsumerMissing, apierrors.NewNotFound(schema.GroupResource{Resource: "x"}, "x"), true},
		{"absent of Flux", workload.HelmRelease, "get", ReasonConsumerMissing, apierrors.NewNotFound(schema.GroupResource{Resource: "x"}, "x"), true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, row.kind)
			w.prove(3, "three")
			w.board.Expect("console", w.Name())
			refuse := func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, row.answer }
			w.flux.PrependReactor(row.verb, "*", refuse)
			w.kube.PrependReactor(row.verb, "*", refuse)
			_, err := w.Reconcile(t.Context())
			var hold *watcher.HoldError
			if !errors.As(err, &hold) || hold.Why != row.reason || hold.After < time.Second {
				t.Errorf("%v", err)
			}
			want := int64(0)
			if row.reason == ReasonConsumerMissing {
				want = 3 // it runs on nothing
			}
			if n := w.board.Lowest("console"); n != want {
				t.Errorf("it runs on %d", n)
			}
			if told, err := w.Told(t.Context()); told != 0 || (err == nil) != row.told {
				t.Errorf("told %d, %v", told, err)
			}
		})
	}
}

// TestADryRunOnlySays what it would do.
func TestADryRunOnlySays(t *testing.T) {
	for _, kind := range []string{workload.Deployment, workload.HelmRelease} {
		w := newWorld(t, kind)
		w.DryRun = true
		w.prove(1, "one")
		result, reason := w.run(w.Consumer)
		if reason != ReasonWouldRoll || !strings.Contains(result.Message, "generation 1") || len(w.patches()) > 0 || len(result.Changes) > 0 {
			t.Errorf("%q %+v", reason, result)
		}
	}
}
