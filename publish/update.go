package publish

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/zone"
)

// DNSUpdate keeps records in a zone by dynamic updates (RFC 2136) that are signed
// (RFC 8945), over TCP. Its exported fields are set once; the loop never runs it twice
// at once.
type DNSUpdate struct {
	Server string // host:port of the primary
	Zone   string // its apex; records outside of it are left out
	// Owner is who we are among all that write to the zone, in any cluster, one label or
	// more: what another of the same name has published counts as ours, and is removed
	// where we do not want it.
	Owner   string
	Ref     corev1.ObjectReference
	Key     func() (*corev1.Secret, error) // with name, algorithm, secret
	Wanted  func() ([]zone.Record, error)
	Stay    time.Duration // of the record of a key that is not wanted any more; 0 = none
	Every   time.Duration // look again after this time, as nothing tells of changes; 0 = 5 minutes
	Timeout time.Duration // of one exchange; 0 = 5 s
	DryRun  bool

	leaving leaving
}

// Reconcile reads what is there, and updates what differs, one RRset at a time.
func (u *DNSUpdate) Reconcile(ctx context.Context) (watcher.Result, error) {
	result := watcher.Result{Outcome: watcher.Converged, Regarding: u.Ref, After: pause(u.Every)}
	wanted, err := u.Wanted()
	if err != nil || len(wanted) == 0 {
		return result, err
	}
	sets, err := group(slices.DeleteFunc(slices.Clone(wanted), func(r zone.Record) bool { return !within(strings.ToLower(r.Name), u.apex()) }))
	if err != nil {
		return result, err
	}
	if len(sets) == 0 {
		return result, &watcher.HoldError{Why: ReasonZoneNotServed, Text: "nothing that is wanted is within " + u.Zone + ": set dns.publish.rfc2136.zone to the zone that the domain is in"}
	}
	key, err := u.key()
	if err != nil {
		return result, err
	}
	marker, err := u.marker(ctx, key)
	if err != nil {
		return result, err
	}
	run := &updating{DNSUpdate: u, tsig: key, marks: marker}
	for _, s := range append(inOrder(sets, false), run.gone(sets)...) {
		if err := run.set(ctx, s); err != nil && run.note(err) {
			break
		}
	}
	return run.finish(result)
}

func (u *DNSUpdate) key() (tsigKey, error) {
	secret, err := u.Key()
	if err != nil {
		return tsigKey{}, err
	}
	return readTSIG(secret)
}

// gone are the sets that are taken away.
func (r *updating) gone(sets []set) []set {
	all := unwanted(marks(r.marks.records), sets)
	var names []string
	for _, s := range all {
		names = append(names, s.name)
	}
	if r.leaving == nil {
		r.DNSUpdate.leaving = leaving{}
	}
	r.leaving.only(names)
	if homeless(sets) {
		all = slices.DeleteFunc(all, func(s set) bool {
			if s.isAddress() {
				r.kept = append(r.kept, s.String())
			}
			return s.isAddress()
		})
	}
	return inOrder(all, true)
}

// apex is the zone as records have names.
func (u *DNSUpdate) apex() string { return strings.ToLower(strings.TrimSuffix(u.Zone, ".")) }

// marker reads what is ours. A wildcard may answer for the name before it exists.
func (u *DNSUpdate) marker(ctx context.Context, k tsigKey) (reading, error) {
	there, err := u.query(ctx, k, id{markerName(u.Owner, u.apex()), "TXT"})
	if err != nil || len(marks(there.records)) == len(there.records) && there.alias == "" {
		return there, err
	}
	literal, err := u.literal(ctx, k, there)
	if err == nil && !literal {
		there = reading{id: there.id}
	}
	return there, err
}

// unwanted are the sets in which something is ours and nothing is wanted.
func unwanted(owned map[mark]bool, sets []set) []set {
	ids := ownedIDs(owned)
	for _, s := range sets {
		delete(ids, s.id)
	}
	var all []set
	for i := range ids {
		all = append(all, set{id: i})
	}
	slices.SortFunc(all, func(a, b set) int { return compareIDs(a.id, b.id) })
	return all
}

// updating is one run.
type updating struct {
	*DNSUpdate
	tsig    tsigKey
	marks   reading // as they are now
	changes []watcher.Change
	would   []string
	kept    []string
	keys    []string // that stay
	foreign []string
	refused []error
}

// set makes one RRset true.
func (r *updating) set(ctx context.Context, s set) error {
	there, err := r.query(ctx, r.tsig, s.id)
	if err != nil {
		return err
	}
	owned := marks(r.marks.records)
	step := decide(s.id, there.records, s.records, there.alias, owned)
	if step.foreign != "" || !step.empty() && step.others > 0 {
		literal, err := r.literal(ctx, r.tsig, there)
		if err != nil {
			return err
		}
		if !literal { // a wildcard answered: nothing is there
			there = reading{id: s.id}
			step = decide(s.id, nil, s.records, "", owned)
		}
	}
	if step.foreign != "" {
		r.foreign = append(r.foreign, s.advice(step.foreign))
	}
	if len(s.records) == 0 && s.isKey() && slices.ContainsFunc(there.records, func(o zone.Record) bool { return verifies(o.Value) }) && r.leaving.early(s.name, r.Stay, time.Now()) {
		r.keys = append(r.keys, s.String())
		return nil
	}
	switch {
	case step.empty():
		return nil
	case r.DryRun:
		r.would = append(r.would, step.summary(s.id))
		return nil
	}
	return r.write(ctx, step, there)
}

// write sends the update and reads back both RRsets.
func (r *updating) write(ctx context.Context, s step, there reading) error {
	m, err := message(r.apex(), s, there, r.marks)
	if err != nil {
		return err
	}
	_, err = r.exchange(ctx, r.tsig, m)
	if errors.Is(err, errOccupied) {
		r.foreign = append(r.foreign, "records of other types, which are not ours, are at "+there.name+", where a CNAME should be: delete them")
		return nil
	}
	if err != nil {
		return err
	}
	if r.marks, err = r.query(ctx, r.tsig, r.marks.id); err != nil {
		return err
	}
	r.changes = append(r.changes, watcher.Change{Reason: ChangedDNS, Action: "Update", Writes: 1, Regarding: r.Ref, Message: s.summary(there.id)})
	after, err := r.query(ctx, r.tsig, there.id)
	if err != nil {
		return err
	}
	if !after.carries(s) {
		return &unsound{ReasonUpdateNotSeen, "the name server " + r.Server + " took the update of the " + there.String() + ", but answers as before"}
	}
	return nil
}

// note keeps an error and reports whether going on makes no sense: what concerns one
// RRset does not stop the others.
func (r *updating) note(err error) (stop bool) {
	r.refused = append(r.refused, err)
	switch watcher.ReasonOf(err) {
	case ReasonUpdateRefused, ReasonDNSUpdateRaced, ReasonUpdateNotSeen, ReasonZoneNotServed:
		return false
	}
	return true
}

// finish says how it stands: what failed comes before what somebody else has to
// decide.
func (r *updating) finish(result watcher.Result) (watcher.Result, error) {
	result.Changes = r.changes
	if len(r.refused) > 0 {
		return result, r.refused[0]
	}
	if len(r.foreign) > 0 {
		return result, &watcher.HoldError{Why: ReasonForeignRecord, Text: strings.Join(r.foreign, "; "), After: pause(r.Every)}
	}
	result = kept(result, r.kept, r.keys)
	if len(r.would) > 0 {
		result.Reason, result.Message = ReasonWouldPublish, "would update "+strings.Join(r.would, "; ")
	}
	return result, nil
}
