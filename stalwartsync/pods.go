package stalwartsync

import (
	"context"
	"errors"

	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/watcher"
)

// dropStale tells every ready Pod to forget its caches where there are several
// on one store: each caches for ever, and a grant written through one is not seen
// by the others. After our own start it is not known who has seen what.
func (r *Relay) dropStale(ctx context.Context) error {
	pods := r.Pods()
	if len(pods) < 2 {
		r.stale, r.staleAll = nil, false
		return nil
	}
	if r.staleAll || r.stale == nil {
		r.stale, r.staleAll = map[string]bool{}, false
		for _, p := range pods {
			r.stale[p.UID] = true
		}
	}
	var failures error
	for _, p := range pods {
		if !r.stale[p.UID] || !p.Ready || p.IP == "" {
			continue
		}
		_, err := r.Fleet.Tell(ctx, p.Address(r.Fleet.Port()), stalwart.Directory.ForgetAll)
		if err == nil {
			delete(r.stale, p.UID)
		}
		failures = errors.Join(failures, err)
	}
	return failures
}

func (r *Relay) reloadPod(ctx context.Context, p watcher.Incarnation) error {
	if !p.Ready || p.IP == "" {
		return nil // it reads its settings when it starts
	}
	opened, err := r.Fleet.Tell(ctx, p.Address(r.Fleet.Port()), stalwart.Directory.Reload)
	if !opened {
		r.podFailure = err
		return nil
	}
	return err
}
