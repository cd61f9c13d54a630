package stalwarttest

import (
	"strconv"
	"strings"
)

// checkAccount applies the rules of accounts: credentials, and permissions only
// as far as the caller has them himself.
func (c *call) checkAccount(old, o object) *setError {
	if str(o["@type"]) == "User" {
		check := c.newCredentials
		if old != nil {
			check = func(o object) *setError { return c.changedCredentials(old, o) }
		}
		if fault := check(o); fault != nil {
			return fault
		}
	}
	if old != nil && equal(old["permissions"], o["permissions"]) && equal(old["roles"], o["roles"]) {
		return nil
	}
	return c.x.s.mayGrant(c.who, c.x.s.effective(o))
}

func (c *call) checkRole(old, o object) *setError {
	if old != nil && equal(old["enabledPermissions"], o["enabledPermissions"]) &&
		equal(old["disabledPermissions"], o["disabledPermissions"]) && equal(old["roleIds"], o["roleIds"]) {
		return nil
	}
	wanted := map[string]bool{}
	for _, p := range members(o["enabledPermissions"]) {
		wanted[p] = sub(o["disabledPermissions"])[p] != true
	}
	return c.x.s.mayGrant(c.who, wanted)
}

// newCredentials checks those of a new account and numbers them from zero.
func (c *call) newCredentials(o object) *setError {
	for i, credential := range entries(o["credentials"]) {
		if fault := c.newCredential(credential, i > 0); fault != nil {
			return fault
		}
		credential["credentialId"] = encodeID(uint64(i))
	}
	return nil
}

// changedCredentials tells entries that were there before from new ones by
// their id. New ones get the numbers after the highest that is left.
func (c *call) changedCredentials(old, o object) *setError {
	known := map[string]object{}
	for _, credential := range entries(old["credentials"]) {
		known[str(credential["credentialId"])] = credential
	}
	items := entries(o["credentials"])
	hasPassword, highest := false, uint64(0)
	for _, credential := range items {
		n, valid := decodeID(str(credential["credentialId"]))
		highest = max(highest, n)
		hasPassword = hasPassword || valid && str(credential["@type"]) == "Password"
	}
	for _, credential := range items {
		before, ok := known[str(credential["credentialId"])]
		if ok {
			if fault := c.changedSecret(before, credential); fault != nil {
				return fault
			}
			continue
		}
		if fault := c.newCredential(credential, hasPassword); fault != nil {
			return fault
		}
		highest++
		credential["credentialId"] = encodeID(highest)
	}
	return nil
}

func (c *call) changedSecret(before, credential object) *setError {
	if str(credential["secret"]) == masked {
		credential["secret"] = before["secret"] // what a client has read comes back
	}
	if credential["secret"] == before["secret"] {
		return nil
	}
	return c.storeSecret(credential)
}

func (c *call) newCredential(credential object, second bool) *setError {
	if str(credential["@type"]) != "Password" {
		return invalidProperties("Secondary credentials cannot be set directly.", "credentials")
	}
	if second {
		return invalidProperties("Only one password credential is allowed.", "credentials")
	}
	return c.storeSecret(credential)
}

// storeSecret replaces a password by its hash. A complete hash is stored as it
// is, except in 0.16.3, where it becomes the password.
func (c *call) storeSecret(credential object) *setError {
	secret := str(credential["secret"])
	if c.x.s.edition.prehashed && isHash(secret) {
		return nil
	}
	if text := weakness(secret, c.x.s.singleton("Authentication")); text != "" {
		return invalidProperties(text, "secret")
	}
	credential["secret"] = hashSecret(secret)
	return nil
}

// restoredID is the id that a restore asks for: in recovery mode the creation
// id restore-<number> names it.
func (c *call) restoredID(t *objectType, name string) string {
	number, found := strings.CutPrefix(name, "restore-")
	n, err := strconv.ParseUint(number, 10, 32)
	if t.Name != "Account" || c.x.p.mode != "recovery" || !found || err != nil {
		return ""
	}
	counters := c.x.s.store.counters
	counters["Account"] = max(counters["Account"], n)
	return encodeID(n)
}

// mayView tells whether the caller may see the credentials of the account.
func (c *call) mayView() bool {
	return c.accountID() == c.who.id || c.who.may("impersonate")
}

func (c *call) hasAccount() bool {
	_, ok := c.x.s.store.get("Account", c.accountID())
	return ok
}

// credentialIDs lists the credentials of the account of the call; kind "" is
// every kind, which get reports as not found.
func (c *call) credentialIDs(kind string) []string {
	out := []string{}
	account, _ := c.x.s.store.get("Account", c.accountID())
	for _, credential := range entries(account["credentials"]) {
		if kind == "" || str(credential["@type"]) == kind {
			out = append(out, str(credential["credentialId"]))
		}
	}
	return out
}

// credential finds one by id and shows it as an object of its own.
func (c *call) credential(kind, id string) (object, bool) {
	account, _ := c.x.s.store.get("Account", c.accountID())
	for _, credential := range entries(account["credentials"]) {
		if str(credential["credentialId"]) == id && str(credential["@type"]) == kind {
			o := cloneObject(credential)
			delete(o, "credentialId")
			delete(o, "@type")
			return o, true
		}
	}
	return nil, false
}

// createCredential makes an AppPassword or an ApiKey. The server chooses the
// secret and shows it once.
func (c *call) createCredential(t *objectType, o object) (any, *setError) {
	account, ok := c.x.s.store.get("Account", c.accountID())
	if !ok {
		return nil, &setError{Type: "notFound"}
	}
	limit, noun := "maxAppPasswords", "app passwords"
	if t.View == "ApiKey" {
		limit, noun = "maxApiKeys", "API keys"
	}
	quota := int(num(c.x.s.singleton("Authentication")[limit]))
	items := entries(account["credentials"])
	highest, held := uint64(0), 0
	for _, credential := range items {
		n, _ := decodeID(str(credential["credentialId"]))
		highest = max(highest, n)
		if str(credential["@type"]) == t.View {
			held++
		}
	}
	if held >= quota {
		return nil, &setError{Type: "overQuota", Description: "You have exceeded your quota of " + strconv.Itoa(quota) + " " + noun + "."}
	}
	id := encodeID(highest + 1)
	secret := "app_aaaaaa" + randomText(30)
	if t.View == "ApiKey" {
		secret = newAPIKey(c.accountID(), id)
	}
	o["@type"], o["credentialId"], o["secret"] = t.View, id, hashSecret(secret)
	c.putCredentials(append(items, o))
	return object{"id": id, "secret": secret}, nil
}

func (c *call) updateCredential(id string, o object) *setError {
	items := entries(c.x.s.store.table("Account")[c.accountID()]["credentials"])
	for _, credential := range items {
		if str(credential["credentialId"]) == id {
			merge(credential, o)
		}
	}
	c.putCredentials(items)
	return nil
}

func (c *call) destroyCredential(t *objectType, id string) *setError {
	if _, ok := c.credential(t.View, id); !ok {
		return &setError{Type: "notFound"}
	}
	var left []object
	for _, credential := range entries(c.x.s.store.table("Account")[c.accountID()]["credentials"]) {
		if str(credential["credentialId"]) != id {
			left = append(left, credential)
		}
	}
	c.putCredentials(left)
	return nil
}

func (c *call) putCredentials(items []object) {
	account := cloneObject(c.x.s.store.table("Account")[c.accountID()])
	account["credentials"] = clone(indexMap(items))
	c.x.s.store.table("Account")[c.accountID()] = account
}
