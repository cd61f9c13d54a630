package stalwarttest

import (
	"encoding/json"
	"slices"
	"strings"
)

// parsePrincipal reads a principal. Unknown fields and types are errors;
// strings of a list that are too long are dropped without a word.
func parsePrincipal(given map[string]json.RawMessage) (*principal, bool) {
	pr := &principal{Type: "individual"}
	for field, raw := range given {
		list := pr.list(field)
		switch {
		case field == "type":
			if json.Unmarshal(raw, &pr.Type) != nil || !slices.Contains(principalTypes(), pr.Type) {
				return nil, false
			}
		case field == "name":
			if json.Unmarshal(raw, &pr.Name) != nil {
				return nil, false
			}
		case field == "description":
			if json.Unmarshal(raw, &pr.Description) != nil {
				return nil, false
			}
		case field == "quota":
			var quota float64
			if json.Unmarshal(raw, &quota) != nil {
				return nil, false
			}
			if quota != 0 {
				pr.Quota = &quota
			}
		case string(raw) == "null" && list != nil: // as good as absent in a creation
		case field == "members":
			items, ok := stringsOf(raw)
			if !ok {
				return nil, false
			}
			pr.members = items
		case list != nil:
			items, ok := stringsOf(raw)
			if !ok {
				return nil, false
			}
			*list = slices.DeleteFunc(items, func(item string) bool { return len(item) > maxListItem })
		case !slices.Contains([]string{"externalMembers", "tenant", "picture", "urls", "locale", "usedQuota"}, field):
			return nil, false
		}
	}
	pr.Name = strings.ToLower(pr.Name)
	pr.Emails, pr.Secrets = ordered(pr.Emails), keepSecrets(pr.Secrets)
	return pr, true
}

// stringsOf reads a list of strings, or one string as a list of one.
func stringsOf(raw json.RawMessage) ([]string, bool) {
	var list []string
	if json.Unmarshal(raw, &list) == nil && string(raw) != "null" {
		return list, true
	}
	var one string
	if json.Unmarshal(raw, &one) == nil && string(raw) != "null" {
		return []string{one}, true
	}
	return nil, false
}
