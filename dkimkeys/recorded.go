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
		if k != nil && k.PublicKey == l.PublicKey && (k.Stage == Retired || l.ID == "") { // retired also while somebody has made it sign; 0.15 knows neither ids nor stages
			all[i].Stage = k.Stage
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
