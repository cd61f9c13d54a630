package watcher

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"
)

// The freshness clock. An informer's own back-off grows to a minute and cannot
// be set, and a watch whose connection swallows bytes looks like a quiet cluster;
// so a live read is compared with the cache every freshEvery, and while the API
// server does not answer it is asked every failingEvery, so that the first answer
// rebuilds the informer.
const (
	freshEvery      = 20 * time.Second
	failingEvery    = time.Second
	watchGrace      = time.Second // a watch may be a little behind a live read
	liveTimeout     = 5 * time.Second
	rebuildPatience = 10 * time.Second
)

// errStale says that the cache missed a change.
var errStale = errors.New("the cache is older than the API server")

// Run serves until ctx ends and all goroutines of the feed have ended.
func (f *Feed[T]) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	failing := f.build(ctx, &running) != nil
	for first := true; ctx.Err() == nil; first = false {
		if !first || failing {
			f.pause(ctx, failing) // a right that lacks for the clock itself shows at once
		}
		err := f.verify(ctx, failing)
		if errors.Is(err, errStale) || err == nil && failing || f.denied.first(verbList, verbWatch) != nil {
			f.rebuilt.Add(1)
			err = f.build(ctx, &running)
		}
		failing = err != nil
	}
}

// StaleFor is how long the cache has been known to be older than the API server
// without a rebuild that succeeded.
func (f *Feed[T]) StaleFor() time.Duration {
	since := f.stale.Load()
	if since == 0 {
		return 0
	}
	return time.Since(time.Unix(0, since))
}

// pause waits until it is time to look.
func (f *Feed[T]) pause(ctx context.Context, failing bool) {
	wait, denied := jitter(freshEvery), f.denied.pace()
	switch {
	case denied > 0:
		wait = denied
	case failing:
		wait = failingEvery
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	kick := f.kick
	if failing || denied > 0 {
		kick = nil // it is already known; the clock sets the pace
	}
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-kick:
	}
}

// verify compares a live read with the cache. A difference may be the watch
// being a moment behind, so it is looked at once more. After a failure an answer
// is enough: the informer is rebuilt at once.
func (f *Feed[T]) verify(ctx context.Context, failing bool) error {
	live, err := f.liveVersions(ctx)
	if err != nil || failing {
		return err
	}
	if maps.Equal(live, f.cachedVersions()) {
		f.agreed()
		return nil
	}
	timer := time.NewTimer(watchGrace)
	defer timer.Stop()
	before := f.cachedVersions()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
	}
	cached := f.cachedVersions()
	if maps.Equal(live, cached) || !maps.Equal(before, cached) {
		f.agreed()
		return nil
	}
	f.stale.CompareAndSwap(0, time.Now().UnixNano())
	return errStale
}

// agreed notes that the cache is as new as the API server.
func (f *Feed[T]) agreed() {
	f.fresh.Store(time.Now().UnixNano())
	f.stale.Store(0)
}

// liveVersions reads past every cache.
func (f *Feed[T]) liveVersions(ctx context.Context) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, liveTimeout)
	defer cancel()
	live, err := f.access.Live(ctx)
	f.judge(err, verbGet)
	if err != nil {
		return nil, err
	}
	return versions(live), nil
}

func (f *Feed[T]) cachedVersions() map[string]string {
	i := f.current.Load()
	if i == nil {
		return nil
	}
	var all []T
	for _, item := range i.GetStore().List() {
		all = append(all, item.(T))
	}
	return versions(all)
}

// versions maps each object to its identity and version.
func versions[T Object](all []T) map[string]string {
	out := make(map[string]string, len(all))
	for _, o := range all {
		out[o.GetNamespace()+"/"+o.GetName()] = string(o.GetUID()) + "@" + o.GetResourceVersion()
	}
	return out
}
