package dkimwatch

import (
	"slices"

	"github.com/openova-io/smtp-mirror/dkimkeys"
	"github.com/openova-io/smtp-mirror/stalwart"
)

// listed are Stalwart's keys in the words of package dkimkeys.
func listed(all []stalwart.DKIMKey) []dkimkeys.Listed {
	var out []dkimkeys.Listed
	for _, s := range all {
		out = append(out, dkimkeys.Listed{ID: s.ID, Selector: s.Selector, Algorithm: s.Algorithm, PublicKey: s.PublicKey, Stage: dkimkeys.Stage(s.Stage)})
	}
	return out
}

// staged gives the keys of 0.15 the stages that it does not know: ours are kept under
// ids of their own, and the one of an algorithm that mail is signed with is active.
func staged(all []dkimkeys.Listed, signers map[string]string, state dkimkeys.State, domain string) []dkimkeys.Listed {
	if signers == nil {
		return all
	}
	for i, l := range all {
		j := slices.IndexFunc(state.Keys, func(k dkimkeys.Key) bool { return k.Selector == l.Selector && k.PublicKey == l.PublicKey })
		if j < 0 {
			continue
		}
		all[i].ID, all[i].Stage = stalwart.KeptID(l.Selector, domain), state.Keys[j].Stage
		switch {
		case signers[l.Algorithm] == l.Selector:
			all[i].Stage = dkimkeys.Active
		case all[i].Stage == dkimkeys.Active:
			all[i].Stage = dkimkeys.Retiring // another one has taken its place
		}
	}
	return all
}
