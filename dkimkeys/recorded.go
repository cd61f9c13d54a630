package dkimkeys

import "slices"

// Recorded are the keys whose records the DNS must have, whoever made them: what
// Stalwart lists, and what it has lost but mail on its way is signed with. A retired
// key of ours is among them, for its record is emptied; what is only in the making is
// not, for nobody may ask for it yet.
func Recorded(state State, listed []Listed) []Listed {
	all := slices.Clone(listed)
	for i, l := range all {
		k := state.find(l.Selector)
		switch {
		case k == nil || k.PublicKey != l.PublicKey:
		case k.Stage == Retired || l.ID == "": // also while somebody has made it sign; 0.15 knows neither ids nor stages
			all[i].Stage = k.Stage
		case l.Stage == Retired: // by somebody else: mail on its way is signed with it
			all[i].Stage = Retiring
		}
	}
	for _, k := range state.Keys {
		there := slices.ContainsFunc(listed, func(l Listed) bool { return l.Selector == k.Selector && l.PublicKey == k.PublicKey })
		used := k.ID != "" || k.Stage != Pending || k.Since.After(k.Made) // also one that is being put back
		if k.Lost || !there && used {                                     // a lost volume is seen here first
			all = append(all, Listed{Selector: k.Selector, Algorithm: k.Algorithm, PublicKey: k.PublicKey, Stage: k.Stage})
		}
	}
	return all
}

// Returning are the selectors of keys that were in use, and are being put back after
// Stalwart has lost them: what is sent now lacks their signature.
func Returning(o Observed, d Desired) []string {
	w := &world{Observed: o, d: d}
	var all []string
	for _, k := range o.State.Keys {
		l := w.there(k)
		signs := l != nil && l.Stage == Active
		if w.kept(k) != "" && !signs && (k.Stage == Active || k.Stage == Pending && k.Signed) {
			all = append(all, k.Selector)
		}
	}
	return all
}
