package tlscert

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/watcher"
)

// act carries a step out. What was written is in use after a reload only, so what was
// seen before says nothing any more.
func (r *run) act(ctx context.Context, step Step) error {
	switch step.Action {
	case Reload:
		return r.reload(ctx)
	case Destroy:
		if err := r.directory.DestroyCertificate(ctx, step.Certificate); err != nil {
			return err
		}
		r.changed(ChangedCertificateEnded, step, "destroyed the certificate "+step.Certificate.ID, false)
		r.observed.Reloaded = r.observed.Reloaded && !step.Serves
		return nil
	}
	r.observed.Written, r.observed.Reloaded = true, false
	switch step.Action {
	case Use:
		return r.directory.UseCertificate(ctx, step.Certificate.ID)
	case Withdraw:
		return r.withdraw(ctx, step)
	}
	id, err := r.directory.InstallCertificate(ctx, stalwart.NewCertificate{Chain: r.pair.Chain, Key: r.pair.Key, Owner: r.desired.Owner})
	if err == nil {
		r.changed(ChangedCertificate, step, fmt.Sprintf("installed the certificate %s for %s, valid until %s", id, names(r.pair.Leaf), r.pair.Leaf.NotAfter.UTC().Format(time.RFC3339)), false)
	}
	return err
}

// withdraw takes the new certificate out again, so that the one before it is served.
func (r *run) withdraw(ctx context.Context, step Step) error {
	if err := r.directory.UseCertificate(ctx, step.Instead); err != nil {
		return err
	}
	if err := r.directory.DestroyCertificate(ctx, step.Certificate); err != nil {
		return err
	}
	r.unusable, r.observed.Unusable = r.desired.Leaf, true
	r.changed(ChangedCertificateWithdrawn, step, "took the certificate "+step.Certificate.ID+" out again", true)
	return r.reload(ctx)
}

// reload lets every process take what is stored into use, and looks at what is shown
// then: that is what counts, whatever was answered.
func (r *run) reload(ctx context.Context) error {
	before := r.observed.all(r.desired, shows)
	r.told, r.observed.Told = r.desired.Chain, true
	failure := r.everywhere(ctx)
	var blocked *stalwart.ReloadError
	if failure != nil && !errors.As(failure, &blocked) {
		return failure
	}
	r.observed.Blocker = ""
	if blocked != nil {
		r.observed.Blocker = blocked.Blocker
	}
	r.observed.Reloaded, r.observed.Written = true, false
	r.observed.Seen = r.look(ctx, r.observed.Generation == stalwart.Gen016)
	if !before && r.observed.all(r.desired, shows) {
		r.changed(ChangedCertificateReloaded, Step{Action: Reload, Why: "it was not served before"}, fmt.Sprintf("the certificate for %s is served now", r.Host), false)
	}
	return nil
}

// everywhere tells the common address, and each Pod where there are several. A Pod that
// cannot be told shows itself in its handshake.
func (r *run) everywhere(ctx context.Context) error {
	failure := r.directory.ReloadCertificates(ctx)
	pods := r.Pods()
	if len(pods) < 2 {
		return failure
	}
	for _, p := range pods {
		if p.Ready && p.IP != "" {
			failure = errors.Join(failure, r.tell(ctx, p))
		}
	}
	return failure
}

func (r *run) tell(ctx context.Context, p watcher.Incarnation) error {
	opened, err := r.Fleet.Tell(ctx, p.Address(r.Fleet.Port()), stalwart.Directory.ReloadCertificates)
	if !opened {
		return nil //nolint:nilerr // its handshake tells
	}
	return err
}

func (r *run) changed(reason string, step Step, message string, warning bool) {
	ref := r.SourceRef
	ref.FieldPath = message // the recorder folds Events of one kind about one object
	r.result.Changes = append(r.result.Changes, watcher.Change{Reason: reason, Action: string(step.Action), Message: message + ": " + step.Why, Regarding: ref, Writes: 1, Warning: warning})
}
