package stalwart

import (
	"context"
	"maps"
	"slices"
	"strings"
)

type jmapAlias struct {
	Name     string `json:"name"`
	DomainID string `json:"domainId"`
	Enabled  *bool  `json:"enabled"`
}

// addresses lists what an account may send as: its own address, its aliases,
// and all addresses of the groups that it is a member of, each on every name of
// its domain. A group is how one address is shared: it can have one owner only.
// names are those of domains that are known, by id.
func (j *jmap) addresses(ctx context.Context, a jmapAccount, names map[string][]string) ([]string, error) {
	owners := []jmapAccount{a}
	if ids := slices.Sorted(maps.Keys(a.Groups)); len(ids) > 0 {
		var groups []jmapAccount
		if err := j.get(ctx, "Account", ids, &groups); err != nil {
			return nil, err
		}
		owners = append(owners, groups...)
	}
	var all []string
	for _, owner := range owners {
		own := jmapAlias{Name: owner.Name, DomainID: owner.DomainID}
		for _, alias := range append([]jmapAlias{own}, owner.enabled()...) {
			there, err := j.spread(ctx, alias, names)
			if err != nil {
				return nil, err
			}
			all = append(all, there...)
		}
	}
	return all, nil
}

// enabled are the aliases that are in force, in their order.
func (a jmapAccount) enabled() []jmapAlias {
	var all []jmapAlias
	for _, index := range slices.Sorted(maps.Keys(a.Aliases)) {
		if alias := a.Aliases[index]; alias.Enabled == nil || *alias.Enabled {
			all = append(all, alias)
		}
	}
	return all
}

// spread puts a local part on every name of its domain.
func (j *jmap) spread(ctx context.Context, alias jmapAlias, names map[string][]string) ([]string, error) {
	if _, known := names[alias.DomainID]; !known {
		found, err := j.domainNames(ctx, alias.DomainID)
		if err != nil {
			return nil, err
		}
		names[alias.DomainID] = found
	}
	var all []string
	for _, name := range names[alias.DomainID] {
		all = append(all, strings.ToLower(alias.Name+"@"+name))
	}
	return all, nil
}
