package dkimwatch

import (
	"context"
	"errors"
	"time"

	"github.com/openova-io/smtp-mirror/dkimkeys"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/watcher"
)

// settle makes every process of Stalwart look its signers up anew: each has a cache
// of its own, which never expires.
func (k *Keys) settle(ctx context.Context, s stalwart.Directory) error {
	if err := s.ForgetAll(ctx); err != nil {
		return err
	}
	pods := k.Pods()
	if len(pods) < 2 {
		return nil
	}
	var failures error
	for _, p := range pods {
		if p.IP != "" { // else it has no process yet, which reads them when it starts
			failures = errors.Join(failures, k.forget(ctx, p))
		}
	}
	return failures
}

// forget drops the caches of one Pod, also of one that is not ready: it may still send
// what it has queued. Where nothing listens in such a Pod, there is no process to tell.
func (k *Keys) forget(ctx context.Context, p watcher.Incarnation) error {
	_, err := k.Fleet.Tell(ctx, p.Address(k.Fleet.Port()), stalwart.Directory.ForgetAll)
	var unreachable *stalwart.UnreachableError
	if !p.Ready && errors.As(err, &unreachable) && unreachable.Dial {
		return nil
	}
	return err
}

// Returning are the keys that mail sent in this moment would need, or should not be signed
// with: those that were in use and are being put back, and beside them those that Stalwart
// has made for its new volume, which nobody can look up yet. It may be called from anywhere.
func (k *Keys) Returning(ctx context.Context) ([]string, error) {
	desired, err := k.Desired()
	if err != nil {
		return nil, err
	}
	directory, _, err := k.directory(ctx)
	if err != nil {
		return nil, err
	}
	o, domain, _, err := k.look(ctx, directory)
	if err != nil && watcher.ReasonOf(err) != ReasonDomainMissing {
		return nil, err
	}
	all := dkimkeys.Returning(o, desired)
	if domain == nil || !o.State.HasLost() {
		return all, nil
	}
	return append(all, k.unknown(o, *domain)...), nil
}

// unknown are Stalwart's own keys that sign and are not known outside, and a word for
// those that it is about to make.
func (k *Keys) unknown(o dkimkeys.Observed, domain stalwart.Domain) []string {
	var all []string
	foreign := 0
	for _, l := range o.Listed {
		if o.State.Owns(l) {
			continue
		}
		foreign++
		if l.Stage == dkimkeys.Active && !k.Sight(l).Published {
			all = append(all, l.Selector)
		}
	}
	if Pending(domain, foreign, time.Now()) {
		all = append(all, "those that Stalwart makes")
	}
	return all
}

// directory is Stalwart as somebody who may write keys: of 0.15 that is the administrator.
func (k *Keys) directory(ctx context.Context) (stalwart.Directory, stalwart.Generation, error) {
	directory, err := k.Fleet.Detect(ctx)
	if err != nil {
		return nil, "", err
	}
	generation := directory.Generation()
	if generation == stalwart.Gen015 && k.Admin != nil {
		directory, err = k.Admin(ctx)
	}
	return directory, generation, err
}
