package watcher

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

// Object is what a [Feed] can carry: a pointer to an API object.
type Object interface {
	cache.Object
	runtime.Object
	metav1.Object
}

// Access is how a feed reads one object by name, or a selection of objects. The
// selector must be part of List and Watch, so that memory and rights depend on
// what is selected and never on the size of the cluster.
type Access[T Object] struct {
	Name    string // for messages: "secret stalwart-sovereign/stalwart-sovereign-admin"
	Example T
	List    func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error)
	Watch   func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error)
	Live    func(ctx context.Context) ([]T, error) // a read past every cache: the freshness clock
	Trim    cache.TransformFunc                    // drops what is never read; nil keeps all
}

// ReasonNotSynced is the reason of a target whose cache has not been filled yet.
const ReasonNotSynced = "CacheNotSynced"

// notSyncedError says that the cache has never been filled.
type notSyncedError struct{ name string }

func (e *notSyncedError) Error() string  { return "waiting for the first list of " + e.name }
func (e *notSyncedError) Reason() string { return ReasonNotSynced }

// Feed is one informer with a clock of its own. It serves the objects of an
// [Access] from memory, calls wake on every change, and rebuilds the informer
// when a live read shows that the watch has silently died.
type Feed[T Object] struct {
	access  Access[T]
	wake    func()
	current atomic.Pointer[informer[T]] // the newest one that has synced
	kick    chan struct{}               // a list or a watch failed: look now
	denied  denials
	fresh   atomic.Int64 // unix nanoseconds of the last proof of freshness
	rebuilt atomic.Int64 // how often the informer was rebuilt
	stale   atomic.Int64 // unix nanoseconds since when the cache is known to be old; 0 = it is not
}

type informer[T Object] struct {
	cache.TypedSharedIndexInformer[T]
	cancel context.CancelFunc
}

// NewFeed makes a feed; wake is called from the informer's goroutine and must
// not block.
func NewFeed[T Object](a Access[T], wake func()) *Feed[T] {
	f := &Feed[T]{access: a, wake: wake, kick: make(chan struct{}, 1)}
	f.fresh.Store(time.Now().UnixNano())
	return f
}

// All returns the selected objects. They are shared: do not modify them.
func (f *Feed[T]) All() ([]T, error) {
	if d := f.denied.first(); d != nil {
		return nil, d
	}
	i := f.current.Load()
	if i == nil {
		return nil, &notSyncedError{f.access.Name}
	}
	items := i.GetStore().List()
	all := make([]T, 0, len(items))
	for _, item := range items {
		all = append(all, item.(T))
	}
	return all, nil
}

// One returns the only object, or the zero T where it does not exist.
func (f *Feed[T]) One() (T, error) {
	var none T
	all, err := f.All()
	if err != nil || len(all) == 0 {
		return none, err
	}
	return all[0], nil
}

// Synced reports whether the cache was filled once. A feed that may not look is
// not synced.
func (f *Feed[T]) Synced() bool { return f.current.Load() != nil && f.denied.first() == nil }

// Settled reports whether waiting longer makes no sense: the cache is filled, or
// the API server refuses to fill it.
func (f *Feed[T]) Settled() bool { return f.current.Load() != nil || f.denied.first() != nil }

// FreshAt is the time at which a live read last agreed with the cache, or the
// cache was refilled.
func (f *Feed[T]) FreshAt() time.Time { return time.Unix(0, f.fresh.Load()) }

// Rebuilds counts how often the informer was replaced.
func (f *Feed[T]) Rebuilds() int64 { return f.rebuilt.Load() }

// Name is the name of the access, for messages.
func (f *Feed[T]) Name() string { return f.access.Name }

// build starts one informer and waits until it has synced, its list has failed
// (it would try again by its own back-off, which is slower than our clock), or ctx
// ends. The old one keeps serving until then: a cache is never blanked.
func (f *Feed[T]) build(ctx context.Context, running *sync.WaitGroup) error {
	ictx, cancel := context.WithCancel(ctx)
	wait, stop := context.WithTimeout(ctx, rebuildPatience)
	defer stop()
	shared := cache.NewSharedIndexInformerWithOptions(f.listWatch(stop), f.access.Example, cache.SharedIndexInformerOptions{ObjectDescription: f.access.Name})
	next := &informer[T]{TypedSharedIndexInformer: cache.NewTypedSharedIndexInformer[T](shared), cancel: cancel}
	err := f.prepare(next)
	if err != nil {
		cancel()
		return err
	}
	running.Go(func() { next.RunWithContext(ictx) })
	if !cache.WaitForCacheSync(wait.Done(), next.HasSynced) {
		cancel()
		return fmt.Errorf("filling the cache of %s: the list failed, or took longer than %s", f.access.Name, rebuildPatience)
	}
	if old := f.current.Swap(next); old != nil {
		old.cancel()
	}
	f.agreed()
	f.wake()
	return nil
}

// prepare sets the transform and the one event handler of the program: it
// ignores what happened and to what, and wakes.
func (f *Feed[T]) prepare(i *informer[T]) error {
	// What fails is noted in listWatch, said once by the targets, and tried again by
	// the freshness clock; client-go would log every attempt.
	quiet := func(context.Context, *cache.Reflector, error) {}
	if err := i.SetWatchErrorHandlerWithContext(quiet); err != nil {
		return fmt.Errorf("setting the watch error handler of %s: %w", f.access.Name, err)
	}
	if f.access.Trim != nil {
		if err := i.SetTransform(f.access.Trim); err != nil {
			return fmt.Errorf("setting the transform of %s: %w", f.access.Name, err)
		}
	}
	_, err := i.AddTypedEventHandler(cache.TypedResourceEventHandlerFuncs[T]{
		AddFunc:    func(T) { f.wake() },
		UpdateFunc: func(T, T) { f.wake() },
		DeleteFunc: func(cache.DeletedObject[T]) { f.wake() },
	})
	if err != nil {
		return fmt.Errorf("adding the handler of %s: %w", f.access.Name, err)
	}
	return nil
}

// lister lists before it watches. Streaming the list through the watch saves
// nothing for one object, and would fail together with a watch that is swallowed.
type lister struct{ *cache.ListWatch }

// IsWatchListSemanticsUnSupported is what the reflector asks.
func (lister) IsWatchListSemanticsUnSupported() bool { return true }

// listWatch is the access with our eyes on every failure; failed is called when
// a list does not succeed.
func (f *Feed[T]) listWatch(failed func()) cache.ListerWatcher {
	return lister{&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			list, err := f.access.List(ctx, o)
			f.note(err, verbList)
			if err != nil && !passing(err) {
				failed()
			}
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			w, err := f.access.Watch(ctx, o)
			f.note(err, verbWatch)
			return w, impatient(err)
		},
	}}
}

// passing reports errors that are no failure: of an expired resource version the
// reflector lists again.
func passing(err error) bool {
	return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || apierrors.IsInvalid(err)
}

// impatient hides what the error is where the reflector would sleep inside of
// its watch, in a back-off of up to a minute that does not end with its context.
func impatient(err error) error {
	if utilnet.IsConnectionRefused(err) || apierrors.IsTooManyRequests(err) {
		return errors.New(err.Error())
	}
	return err
}

// note keeps what a request says about its right, and tells the freshness clock
// of a failure, so that it looks now instead of at its next tick.
func (f *Feed[T]) note(err error, verb string) {
	f.judge(err, verb)
	if err == nil || passing(err) {
		return
	}
	select {
	case f.kick <- struct{}{}:
	default:
	}
}

// judge keeps what an answer says about a right, and wakes the targets so that
// they say so, or go on. Where the cache was never filled they could not yet go on:
// build wakes them.
func (f *Feed[T]) judge(err error, verb string) {
	if news := f.denied.note(verb, err); news && (err != nil || f.current.Load() != nil) {
		f.wake()
	}
}
