package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/zone"
)

// DNSEndpoints keeps the objects that external-dns publishes. Its exported fields are
// set once; the loop never runs it twice at once.
type DNSEndpoints struct {
	Client    dynamic.Interface
	Namespace string
	Owner     string // who we are among all that write there
	Ref       corev1.ObjectReference
	Wanted    func() ([]zone.Record, error)
	Seen      func(zone.Record) zone.Verdict // what was last seen of a record that is wanted, "" for nothing; nil: nobody looks
	Unquoted  bool                           // a TXT without quotes, for a provider that keeps them as a part of it
	Stay      time.Duration                  // of the record of a key that is not wanted any more; 0 = none
	Every     time.Duration                  // look again after this time, as nothing tells of changes; 0 = 5 minutes
	DryRun    bool

	cleared map[string]time.Time // since when an object makes way for another value, by its name
	leaving leaving              // by its name, too
}

// Reconcile lists what is there and writes what differs.
func (d *DNSEndpoints) Reconcile(ctx context.Context) (watcher.Result, error) {
	result := watcher.Result{Outcome: watcher.Converged, Regarding: d.Ref, After: pause(d.Every)}
	wanted, err := d.Wanted()
	if err != nil || len(wanted) == 0 {
		return result, err
	}
	sets, err := group(wanted)
	if err != nil {
		return result, err
	}
	list, err := d.resource().List(ctx, metav1.ListOptions{})
	if err != nil {
		return result, d.classify("listing", err)
	}
	all, not := wishes(sets, d.Owner, d.Unquoted)
	run := &endpointing{DNSEndpoints: d}
	for _, o := range list.Items {
		if isOurs(&o, d.Owner) {
			run.ours = append(run.ours, o)
		} else {
			run.others = append(run.others, o)
		}
	}
	for _, w := range all {
		if err := run.make(ctx, w); err != nil && run.note(err) {
			break
		}
	}
	if !run.ended {
		run.remove(ctx, all, homeless(sets))
	}
	return run.finish(result, not)
}

// endpointing is one run.
type endpointing struct {
	*DNSEndpoints
	ours, others []unstructured.Unstructured
	changes      []watcher.Change
	would        []string
	kept         []string
	keys         []string // that stay
	foreign      []string
	waiting      []string
	refused      []error
	ended        bool // nothing more can be written
}

// note keeps an error and reports whether going on makes no sense: what the API server
// says of one object does not stop the others.
func (r *endpointing) note(err error) (stop bool) {
	r.refused = append(r.refused, err)
	var held *watcher.HoldError
	r.ended = r.ended || errors.As(err, &held) && held.Why == ReasonDNSEndpointNotServed || !answered(err)
	return r.ended
}

// answered reports whether an error is the API server's about one object, and not that
// nobody was reached.
func answered(err error) bool {
	var status apierrors.APIStatus
	var differs *unsound
	var held *watcher.HoldError
	return errors.As(err, &status) || errors.As(err, &differs) || errors.As(err, &held)
}

// make applies one object, if it differs and nobody else publishes the same. One of
// ours that is there beside somebody else's is kept right all the same: what it says
// may be published already.
func (r *endpointing) make(ctx context.Context, w wish) error {
	named := func(o unstructured.Unstructured) bool { return o.GetName() == w.name }
	if name, values := w.rival(r.others); name != "" {
		if slices.ContainsFunc(w.records, func(r zone.Record) bool { return !serves(values, r) }) {
			r.foreign = append(r.foreign, fmt.Sprintf("the DNSEndpoint %s/%s: %s", r.Namespace, name, w.advice(values...)))
		}
		if !slices.ContainsFunc(r.ours, named) {
			return nil
		}
	}
	if slices.ContainsFunc(r.others, named) {
		r.foreign = append(r.foreign, fmt.Sprintf("the DNSEndpoint %s/%s has no label of ours", r.Namespace, w.name))
		return nil
	}
	i := slices.IndexFunc(r.ours, named)
	switch {
	case i >= 0 && w.equals(r.ours[i]):
		return nil
	case i >= 0 && w.replaces(r.ours[i]):
		return r.makeWay(ctx, w, r.ours[i])
	case i < 0 && r.waits(w, time.Now()):
		return nil
	}
	return r.apply(ctx, w)
}

func (r *endpointing) apply(ctx context.Context, w wish) error {
	options := metav1.ApplyOptions{FieldManager: FieldManager, Force: true, DryRun: r.dryRun()}
	applied, err := r.resource().Apply(ctx, w.name, w.object(r.Namespace, r.Owner), options)
	if err != nil {
		return r.classify("writing", err)
	}
	r.done("Apply", "apply", w.name, w.id.String(), applied)
	if !w.equals(*applied) {
		return &unsound{ReasonUpdateNotSeen, "the DNSEndpoint " + r.Namespace + "/" + w.name + " was applied, but differs in what the API server stored"}
	}
	return nil
}

// remove deletes what is ours and not wanted any more: just the object that was seen.
func (r *endpointing) remove(ctx context.Context, all []wish, homeless bool) {
	gone := slices.DeleteFunc(slices.Clone(r.ours), func(o unstructured.Unstructured) bool {
		return o.GetDeletionTimestamp() != nil || slices.ContainsFunc(all, func(w wish) bool { return w.name == o.GetName() })
	})
	r.remember(gone)
	for _, o := range gone {
		if homeless && hasAddress(o) {
			r.kept = append(r.kept, o.GetName())
			continue
		}
		if holdsKey(o) && r.leaving.early(o.GetName(), r.Stay, time.Now()) {
			r.keys = append(r.keys, o.GetName())
			continue
		}
		if err := r.delete(ctx, o, "not wanted any more"); err != nil && r.note(err) {
			return
		}
	}
}

func (r *endpointing) delete(ctx context.Context, o unstructured.Unstructured, why string) error {
	uid, version := o.GetUID(), o.GetResourceVersion()
	err := r.resource().Delete(ctx, o.GetName(), metav1.DeleteOptions{DryRun: r.dryRun(), Preconditions: &metav1.Preconditions{UID: &uid, ResourceVersion: &version}})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return r.classify("deleting", err)
	}
	r.done("Delete", "delete", o.GetName(), why, &o)
	return nil
}

func (r *endpointing) done(action, verb, name, what string, o *unstructured.Unstructured) {
	if r.DryRun {
		r.would = append(r.would, fmt.Sprintf("%s %s (%s)", verb, name, what))
		return
	}
	ref := corev1.ObjectReference{APIVersion: o.GetAPIVersion(), Kind: o.GetKind(), Namespace: r.Namespace, Name: name, UID: o.GetUID(), ResourceVersion: o.GetResourceVersion()}
	r.changes = append(r.changes, watcher.Change{Reason: ChangedDNSEndpoint, Action: action, Writes: 1, Regarding: ref, Message: fmt.Sprintf("%s %s (%s)", verb, name, what)})
}

// finish says how it stands: what failed comes before what somebody else has to
// decide.
func (r *endpointing) finish(result watcher.Result, not []id) (watcher.Result, error) {
	result.Changes = r.changes
	if len(r.waiting) > 0 {
		result.After = min(result.After, wayPause)
	}
	switch {
	case len(r.refused) > 0:
		return result, r.refused[0]
	case len(r.foreign) > 0:
		return result, &watcher.HoldError{Why: ReasonForeignDNSEndpoint, Text: strings.Join(r.foreign, "; "), After: result.After}
	case len(r.would) > 0:
		result.Reason, result.Message = ReasonWouldPublish, "would "+strings.Join(r.would, ", ")
	case len(r.waiting) > 0:
		result.Reason = ReasonKeyMakesWay
		result.Message = "waits until no name server has the old value any more: " + strings.Join(r.waiting, ", ")
	case len(r.kept)+len(r.keys) > 0:
		result = kept(result, r.kept, r.keys)
	case len(not) > 0:
		var names []string
		for _, i := range not {
			names = append(names, i.String())
		}
		result.Reason, result.Message = ReasonTypeNotPublished, "external-dns does not know these types, publish them another way: "+strings.Join(names, ", ")
	}
	return result, nil
}

func (d *DNSEndpoints) resource() dynamic.ResourceInterface {
	return d.Client.Resource(DNSEndpointResource).Namespace(d.Namespace)
}

func (d *DNSEndpoints) dryRun() []string {
	if d.DryRun {
		return []string{metav1.DryRunAll}
	}
	return nil
}

// classify tells a kind that is not served from everything else: the API server
// answers for it with a page instead of a Status.
func (d *DNSEndpoints) classify(what string, err error) error {
	notServed := apierrors.IsNotFound(err) && apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
	switch {
	case notServed:
		return &watcher.HoldError{Why: ReasonDNSEndpointNotServed, After: refusedPause,
			Text: "the API server does not serve DNSEndpoint " + DNSEndpointResource.GroupVersion().String() + ": install the CRD of external-dns, or switch dns.publish.externalDNS off"}
	case apierrors.IsForbidden(err):
		return watcher.HoldForbidden(err)
	}
	return fmt.Errorf("%s the DNSEndpoints of %s: %w", what, d.Namespace, err)
}
