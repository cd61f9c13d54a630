package dkimkeys

import "slices"

// Recorded are the keys whose records the DNS must have, whoever made them: what
// Stalwart lists, and what it has lost but mail on its way is signed with. A retired
// key of ours is among them, for its record is emptied; what is only in the making is
// not, for nobody may ask for it yet.
func Recorded(state State, listed []Listed) []Listed {
	all := slices.Clone(listed)
	for i, l := range all {
		if k := state.find(l.Selector); k != nil && k.PublicKey == l.PublicKey && k.Stage == Retired {
			all[i].Stage = Retired // also while somebody has made it sign
		}
	}
	for _, k := range state.Keys {
		if k.Lost {
			all = append(all, Listed{Selector: k.Selector, Algorithm: k.Algorithm, PublicKey: k.PublicKey, Stage: k.Stage})
		}
	}
	return all
}
