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
// and all addresses of the groups that it is a member of. The latter is how one
// address is shared: it can have one owner only.
func (j *jmap) addresses(ctx context.Context, a jmapAccount) ([]string, error) {
	owners := []jmapAccount{a}
	if ids := slices.Sorted(maps.Keys(a.Groups)); len(ids) > 0 {
		var groups []jmapAccount
		if err := j.get(ctx, "Account", ids, &groups); err != nil {
			return nil, err
		}
		owners = append(owners, groups...)
	}
	names := map[string]string{} // of domains, by id
	var all []string
	for _, owner := range owners {
		all = append(all, strings.ToLower(owner.Email))
		for _, index := range slices.Sorted(maps.Keys(owner.Aliases)) {
			address, err := j.aliasAddress(ctx, owner.Aliases[index], names)
			if err != nil {
				return nil, err
			}
			if address != "" {
				all = append(all, address)
			}
		}
	}
	return all, nil
}

// aliasAddress is the address of an alias, "" where it is disabled.
func (j *jmap) aliasAddress(ctx context.Context, alias jmapAlias, names map[string]string) (string, error) {
	if alias.Enabled != nil && !*alias.Enabled {
		return "", nil
	}
	if _, known := names[alias.DomainID]; !known {
		name, err := j.domainName(ctx, alias.DomainID)
		if err != nil {
			return "", err
		}
		names[alias.DomainID] = name
	}
	return strings.ToLower(alias.Name + "@" + names[alias.DomainID]), nil
}
