package stalwarttest

import (
	"fmt"
	"slices"
	"strings"
)

// loadPermissions returns every permission in the order of its number.
func loadPermissions(e edition) []string {
	if e.rest {
		return strings.Fields(string(dataFile("permissions-0.15.txt")))
	}
	all := strings.Fields(string(dataFile("permissions.txt")))
	if e.nullDrops { // one is younger than 0.16.3
		all = slices.DeleteFunc(all, func(p string) bool { return p == "jmapFileNodeCopy" })
	}
	return all
}

// listed puts permissions in the order in which Stalwart enumerates a bit set:
// blocks of 64 upwards, the bits of each block downwards.
func (s *Server) listed(has func(string) bool) []string {
	out := []string{}
	for block := range slices.Chunk(s.perms, 64) {
		for _, p := range slices.Backward(block) {
			if has(p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// defaultRoles are the four roles of a fresh server, ids b to e.
func defaultRoles(all []string) []object {
	user, group, tenant, super := object{}, object{}, object{}, object{}
	for _, p := range all {
		isUser, isGroup, isTenant, isSuper := rolesWith(p)
		for set, in := range map[*object]bool{&user: isUser, &group: isGroup, &tenant: isTenant, &super: isSuper} {
			if in {
				(*set)[p] = true
			}
		}
	}
	return []object{
		{"description": "User", "enabledPermissions": user},
		{"description": "Group", "enabledPermissions": group},
		{"description": "Tenant Administrator", "enabledPermissions": tenant},
		{"description": "System Administrator", "enabledPermissions": super},
	}
}

// rolesWith tells which default roles hold a permission; its name decides.
func rolesWith(p string) (user, group, tenant, super bool) {
	switch {
	case slices.Contains([]string{"authenticate", "authenticateWithAlias", "interactAi"}, p):
		return true, false, true, true
	case slices.Contains([]string{"fetchAnyBlob", "liveDeliveryTest"}, p):
		return false, false, true, true
	case hasPrefix(p, "jmap", "imap", "pop3", "calendar", "email", "dav", "sieve"):
		return true, true, false, false
	case hasPrefix(p, "sysMaskedEmail", "sysArchivedItem", "sysAccountSettings", "sysPublicKey"),
		hasPrefix(p, "sysSpamTrainingSample") && !strings.Contains(p, "Create"):
		return true, true, false, true
	case hasPrefix(p, "sysAccountPassword", "sysApiKey", "sysAppPassword"):
		return true, false, false, true
	case hasPrefix(p, "sysDomain", "sysDkimSignature", "sysAcmeProvider", "sysAccount", "sysRole",
		"sysOAuthClient", "sysMailingList", "sysExternalReport", "sysDnsServer", "sysQueuedMessage"):
		return false, false, true, true
	}
	return false, false, false, true
}

func hasPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

// effective resolves the permissions of an account object: its own list merged
// with its roles, or instead of them.
func (s *Server) effective(account object) map[string]bool {
	own := sub(account["permissions"])
	enabled, disabled := object{}, object{}
	if str(own["@type"]) != "Replace" {
		s.addRoles(s.roleIDs(account), enabled, disabled, map[string]bool{})
	}
	merge(enabled, own["enabledPermissions"])
	merge(disabled, own["disabledPermissions"])
	out := make(map[string]bool, len(enabled))
	for p := range enabled {
		if disabled[p] != true {
			out[p] = true
		}
	}
	return out
}

func (s *Server) roleIDs(account object) []string {
	defaults := s.singleton("Authentication")
	switch str(sub(account["roles"])["@type"]) {
	case "Custom":
		return members(sub(account["roles"])["roleIds"])
	case "Admin":
		return members(defaults["defaultAdminRoleIds"])
	case "Default":
		return members(defaults["defaultGroupRoleIds"])
	}
	return members(defaults["defaultUserRoleIds"])
}

func (s *Server) addRoles(ids []string, enabled, disabled object, seen map[string]bool) {
	for _, id := range ids {
		role, ok := s.store.get("Role", id)
		if !ok || seen[id] {
			continue
		}
		seen[id] = true
		merge(enabled, role["enabledPermissions"])
		merge(disabled, role["disabledPermissions"])
		s.addRoles(members(role["roleIds"]), enabled, disabled, seen)
	}
}

func merge(into object, from any) {
	for k, v := range sub(from) {
		into[k] = v
	}
}

// mayGrant refuses permissions that the caller does not hold himself.
func (s *Server) mayGrant(who *identity, wanted map[string]bool) *setError {
	missing := s.listed(func(p string) bool { return wanted[p] && !who.may(p) })
	if len(missing) == 0 {
		return nil
	}
	text := strings.Join(missing[:min(len(missing), 5)], ", ")
	if len(missing) > 5 {
		text += fmt.Sprintf(" and %d more", len(missing)-5)
	}
	return &setError{Type: "forbidden", Description: "You are not authorized to grant permissions: " + text}
}
