package stalwart

import (
	"context"
	"slices"
	"strings"
)

// Owner searches accounts, groups and lists for an address.
func (j *jmap) Owner(ctx context.Context, address string) (string, error) {
	var domains []jmapDomain
	if err := j.get(ctx, "Domain", nil, &domains); err != nil {
		return "", err
	}
	names := map[string][]string{}
	for _, d := range domains {
		names[d.ID] = d.names()
	}
	for _, object := range []string{"Account", "MailingList"} {
		var all []jmapAccount
		if err := j.get(ctx, object, nil, &all); err != nil {
			return "", err
		}
		for _, a := range all {
			if a.has(address, names) {
				return j.owner(ctx, object, a.ID), nil
			}
		}
	}
	return "", nil
}

// has reports whether an address is its own or one of its aliases.
func (a jmapAccount) has(address string, names map[string][]string) bool {
	at := max(strings.LastIndexByte(address, '@'), 0)
	local, domain := strings.ToLower(address[:at]), strings.ToLower(address[min(at+1, len(address)):])
	if a.Name == local && slices.Contains(names[a.DomainID], domain) {
		return true
	}
	for _, alias := range a.Aliases {
		if alias.Name == local && slices.Contains(names[alias.DomainID], domain) {
			return true
		}
	}
	return false
}
