package dkimwatch

import (
	"context"
	"slices"
	"time"

	"github.com/openova-io/smtp-mirror/dkimkeys"
	"github.com/openova-io/smtp-mirror/dnsrecords"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/zone"
)

// desire computes the documents, and tells the board what the DNS must have. next is after
// how long a key that is gone needs no record any more.
func (r *Record) desire(ctx context.Context, keys []stalwart.DKIMKey, mounted []MountedKey) (d Desired, next time.Duration, err error) {
	if r.State != nil {
		state, err := r.State(ctx)
		if err != nil {
			return Desired{}, 0, err
		}
		keys = recorded(state, keys)
	}
	if r.past == nil {
		r.past = Past{}
	}
	gone, next := r.past.Follow(keys, r.Stay, time.Now())
	live := len(keys)
	keys = slices.Concat(keys, gone)
	facts, err := r.Facts()
	if err != nil {
		return Desired{}, 0, err
	}
	for _, k := range keys {
		facts.Keys = append(facts.Keys, zone.Key{Selector: k.Selector, Algorithm: k.Algorithm, PublicKey: k.PublicKey, Stage: k.Stage})
	}
	for _, m := range Strangers(keys, mounted) {
		facts.Keys = append(facts.Keys, zone.Key{Selector: m.Selector, Algorithm: m.Algorithm, PublicKey: m.PublicKey, Stage: StagePending})
	}
	if r.Board.Want(zone.Records(facts)) {
		r.Moved()
	}
	d = Desire(r.Domain, keys, mounted)
	d.Live = Desire(r.Domain, keys[:live], mounted).Keys
	findings := r.Board.Findings()
	d.Page = zone.Page(findings, zone.PolicyText(facts))
	for _, f := range findings {
		d.Records = append(d.Records, dnsrecords.Record{Name: f.Record.Name, Type: f.Record.Type, TTL: int(f.Record.TTL / time.Second), Value: f.Record.Value,
			Why: f.Record.Why, State: string(f.Verdict)})
	}
	return d, next, nil
}

// recorded are the keys whose records the DNS must have: what Stalwart lists, with the
// stages that ours have for us, and what it has lost.
func recorded(state dkimkeys.State, keys []stalwart.DKIMKey) []stalwart.DKIMKey {
	var all []stalwart.DKIMKey
	for _, l := range dkimkeys.Recorded(state, listed(keys)) {
		k := stalwart.DKIMKey{ID: l.ID, Selector: l.Selector, Algorithm: l.Algorithm, PublicKey: l.PublicKey, Stage: string(l.Stage)}
		if i := slices.IndexFunc(keys, func(have stalwart.DKIMKey) bool { return l.ID != "" && have.ID == l.ID }); i >= 0 {
			k.CreatedAt = keys[i].CreatedAt
		}
		all = append(all, k)
	}
	return all
}
