package watcher

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/util/workqueue"
)

// ReconcileTimeout bounds one run of one target: nothing waits longer.
const ReconcileTimeout = 30 * time.Second

// LoopOptions make a [Loop].
type LoopOptions struct {
	Reconcilers map[Target]Reconciler
	Routes      Routes
	Resync      time.Duration             // every target is looked at again after about this time
	Observe     func(Transition)          // called after every run; nil for nobody
	Metrics     workqueue.MetricsProvider // of the queue; nil for none
}

// Loop is one rate-limited queue of targets and as many workers as targets.
type Loop struct {
	o     LoopOptions
	queue atomic.Pointer[queue] // nil while nothing runs
	board *board
	beat  atomic.Int64 // unix nanoseconds of the last sign of life
	runs  sync.Map     // Target -> time.Time at which its run began
	woken sync.Map     // Target -> uint64, the last wake that no run has followed yet
	wakes atomic.Uint64
}

type queue struct {
	workqueue.TypedRateLimitingInterface[Target]
}

// NewLoop builds the loop; nothing runs before [Loop.Run], which begins with
// every target, so that wakes that come earlier are not missed.
func NewLoop(o LoopOptions) *Loop {
	targets := make([]Target, 0, len(o.Reconcilers))
	for t := range o.Reconcilers {
		targets = append(targets, t)
	}
	l := &Loop{o: o, board: newBoard(targets, time.Now())}
	return l
}

// Wake adds every target of a source to the queue, at once. It never blocks and
// may be called from anywhere.
func (l *Loop) Wake(s Source) {
	q := l.queue.Load()
	if q == nil {
		return
	}
	for _, t := range l.o.Routes[s] {
		l.add(q, t)
	}
}

func (l *Loop) add(q *queue, t Target) {
	l.woken.Store(t, l.wakes.Add(1))
	q.Add(t)
}

// Busy reports whether a target is running, or was woken and has not run since. One
// that is to be looked at again later is not busy until then.
func (l *Loop) Busy() bool {
	busy := false
	some := func(any, any) bool {
		busy = true
		return false
	}
	l.woken.Range(some)
	l.runs.Range(some)
	return busy
}

func (l *Loop) newQueue() *queue {
	return &queue{workqueue.NewTypedRateLimitingQueueWithConfig(workqueue.TypedRateLimiter[Target](NewBackoff()),
		workqueue.TypedRateLimitingQueueConfig[Target]{Name: "targets", MetricsProvider: l.o.Metrics})}
}

// Status lists all targets by name.
func (l *Loop) Status() []Status { return l.board.list() }

// Longest is how long the oldest run that is under way has taken: much more than
// [ReconcileTimeout] means that it hangs in something that knows no end.
func (l *Loop) Longest() (target Target, span time.Duration) {
	l.runs.Range(func(t, began any) bool {
		if since := time.Since(began.(time.Time)); since > span {
			target, span = t.(Target), since
		}
		return true
	})
	return target, span
}

// LastBeat is the time at which the loop last showed that it moves.
func (l *Loop) LastBeat() time.Time { return time.Unix(0, l.beat.Load()) }

// Run works until ctx ends and every run that had begun has finished. It may be
// called again afterwards, for the next term of leadership; what is known of the
// targets stays.
func (l *Loop) Run(ctx context.Context) {
	q := l.newQueue()
	l.queue.Store(q) // before the first target is looked at: a wake is never missed
	var workers sync.WaitGroup
	for t := range l.o.Reconcilers {
		l.add(q, t)
		workers.Go(func() {
			for l.next(ctx, q) {
			}
		})
	}
	l.beat.Store(time.Now().UnixNano())
	l.resync(ctx, q)
	l.queue.Store(nil)
	q.ShutDown()
	workers.Wait()
}

// resync wakes every target at its own jittered pace, so that they do not all
// knock at once, and beats while the loop lives.
func (l *Loop) resync(ctx context.Context, q *queue) {
	tick := time.NewTicker(max(min(l.o.Resync/10, time.Second), time.Millisecond))
	defer tick.Stop()
	due := map[Target]time.Time{}
	for t := range l.o.Reconcilers {
		due[t] = time.Now().Add(jitter(l.o.Resync))
	}
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			l.beat.Store(now.UnixNano())
			for t, at := range due {
				if !now.Before(at) {
					q.Add(t)
					due[t] = now.Add(jitter(l.o.Resync))
				}
			}
		}
	}
}

// jitter is d give or take a tenth.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*rand.Float64())) //nolint:gosec // spreading load, not a secret
}

// next runs one target; false means the queue is closed.
func (l *Loop) next(ctx context.Context, q *queue) bool {
	t, closed := q.Get()
	if closed {
		return false
	}
	defer q.Done(t)
	if ctx.Err() != nil {
		return true
	}
	l.runs.Store(t, time.Now())
	wake, _ := l.woken.Load(t)
	result, err := l.run(ctx, t)
	l.runs.Delete(t)
	if ctx.Err() != nil && err != nil && len(result.Changes) == 0 {
		return true // cut short by the stop, not by the world
	}
	l.woken.CompareAndDelete(t, wake) // before anybody is told; a wake during the run is another one
	l.settle(q, t, result, err)
	return true
}

// run calls the reconciler with its time limit; a panic is a failure like any
// other, and its value is not shown, because it may hold anything.
func (l *Loop) run(ctx context.Context, t Target) (result Result, err error) {
	ctx, cancel := context.WithTimeout(ctx, ReconcileTimeout)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{kind: fmt.Sprintf("%T", v), stack: string(debug.Stack())}
		}
	}()
	return held(l.o.Reconcilers[t].Reconcile(ctx))
}

// settle posts the result and decides when the target is looked at again.
func (l *Loop) settle(q *queue, t Target, r Result, err error) {
	transition := l.board.post(t, r, err, time.Now())
	if l.o.Observe != nil {
		l.o.Observe(transition)
	}
	switch {
	case err != nil:
		q.AddRateLimited(t)
	case transition.After.quiet && (r.After == 0 || r.After > r.Grace):
		q.Forget(t)
		q.AddAfter(t, r.Grace) // to say so if it still lasts then
	case r.After > 0:
		q.Forget(t)
		q.AddAfter(t, r.After)
	default:
		q.Forget(t)
	}
}

type panicError struct{ kind, stack string }

func (e *panicError) Error() string  { return "panicked with a " + e.kind }
func (e *panicError) Reason() string { return ReasonPanic }

// Stack is the stack of the goroutine that panicked: code, no values.
func (e *panicError) Stack() string { return e.stack }
