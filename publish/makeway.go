package publish

import (
	"context"
	"reflect"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/openova-io/smtp-mirror/zone"
)

const (
	wayPause    = 5 * time.Second  // until the DNS is looked at again
	wayPatience = 10 * time.Minute // external-dns may be told never to delete anything
)

// replaces reports whether an object of ours publishes another value of a key. Some
// releases of external-dns lose a TXT that changes in place, and a key that should be
// revoked would go on to verify. Its record is taken away first, and comes back with
// the other value when no name server has the old one. A key that changes its value
// signs nothing that is on its way; of no other record can that be said.
func (w wish) replaces(o unstructured.Unstructured) bool {
	if !w.isKey() {
		return false
	}
	endpoints, _, _ := unstructured.NestedSlice(o.Object, "spec", "endpoints") // one that somebody broke publishes nothing
	return slices.ContainsFunc(endpoints, func(e any) bool {
		fields, _ := e.(map[string]any)
		targets, _, _ := unstructured.NestedSlice(fields, "targets")
		return len(targets) > 0 && !reflect.DeepEqual(targets, w.endpoint["targets"])
	})
}

// makeWay takes the old value of a key away.
func (r *endpointing) makeWay(ctx context.Context, w wish, o unstructured.Unstructured) error {
	if o.GetDeletionTimestamp() != nil {
		r.waiting = append(r.waiting, w.id.String())
		return nil
	}
	if err := r.delete(ctx, o, "its key gets another value"); err != nil || r.DryRun {
		return err
	}
	r.since(w, time.Now())
	r.waiting = append(r.waiting, w.id.String())
	return nil
}

// waits reports whether the old value of a key may still be in the DNS. After a start
// nobody remembers that an object made way; one that revokes a key has time in any case.
func (r *endpointing) waits(w wish, now time.Time) bool {
	_, cleared := r.cleared[w.name]
	if !cleared && !w.revokes() {
		return false
	}
	if r.free(w, now) {
		delete(r.cleared, w.name)
		return false
	}
	r.waiting = append(r.waiting, w.id.String())
	return true
}

// free reports whether the name is free for the new value, by what was seen there, or
// by the time where that is not told.
func (r *endpointing) free(w wish, now time.Time) bool {
	since := r.since(w, now)
	if r.Seen == nil {
		return now.Sub(since) >= pause(r.Every)
	}
	seen := r.Seen(w.records[0])
	return seen == zone.Missing || seen == zone.Published || now.Sub(since) >= wayPatience
}

// since is when the wait has begun.
func (r *endpointing) since(w wish, now time.Time) time.Time {
	if r.cleared == nil {
		r.cleared = map[string]time.Time{}
	}
	if _, known := r.cleared[w.name]; !known {
		r.cleared[w.name] = now
	}
	return r.cleared[w.name]
}

// revokes reports whether the object is the record of a key that is not used any more.
func (w wish) revokes() bool {
	if !w.isKey() {
		return false
	}
	key, err := zone.ParseDKIM(w.records[0].Value)
	return err == nil && key.Revoked()
}
