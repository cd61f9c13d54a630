package watcher_test

import (
	"context"
	"io"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"k8s.io/klog/v2"

	"github.com/openova-io/smtp-mirror/watcher"
)

func TestMain(m *testing.M) {
	klog.LogToStderr(false) // client-go tells every broken watch
	klog.SetOutput(io.Discard)
	goleak.VerifyTestMain(m)
}

// fake is a reconciler that counts its runs.
type fake struct {
	mu            sync.Mutex
	do            func(ctx context.Context) (watcher.Result, error)
	count         int
	now, together int
}

func newFake() *fake {
	return &fake{do: func(context.Context) (watcher.Result, error) { return converged() }}
}

func converged() (watcher.Result, error) { return watcher.Result{Outcome: watcher.Converged}, nil }

func (f *fake) behave(do func(ctx context.Context) (watcher.Result, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.do = do
}

func (f *fake) as(t watcher.Target) map[watcher.Target]watcher.Reconciler {
	return map[watcher.Target]watcher.Reconciler{t: f}
}

func (f *fake) Reconcile(ctx context.Context) (watcher.Result, error) {
	f.mu.Lock()
	f.count++
	f.now++
	f.together = max(f.together, f.now)
	do := f.do
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.now--
	}()
	return do(ctx)
}

func (f *fake) runs() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// most is the greatest number of runs at the same time.
func (f *fake) most() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.together
}

// run starts a loop; stop ends it and waits.
func run(l *watcher.Loop) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

// start runs a loop until the test ends.
func start(t *testing.T, o watcher.LoopOptions) *watcher.Loop {
	t.Helper()
	l := watcher.NewLoop(o)
	t.Cleanup(run(l))
	return l
}
