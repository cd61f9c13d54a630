package stalwarttest

import (
	"slices"
	"strconv"
	"strings"
)

// edit changes the store behind the API and drops this server's caches, as a
// person with another tool would.
func (s *Server) edit(address string, account func(o object), principal func(pr *principal)) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	fresh := &process{}
	fresh.cache.clear()
	found := false
	if pr := s.principalNamed(address); pr != nil {
		principal(pr)
		found = true
	} else if who, ok := s.findOwner(fresh, address); ok && who.object == "Account" {
		o := cloneObject(s.store.table("Account")[who.id])
		account(o)
		s.store.table("Account")[who.id] = o
		found = true
	}
	if !found {
		return errNoSuch
	}
	if s.process != nil {
		s.process.cache.clear()
	}
	return nil
}

// RemoveAlias takes a send-as address away from an account.
func (s *Server) RemoveAlias(account, alias string) error {
	local, _, _ := strings.Cut(alias, "@")
	return s.edit(account, func(o object) {
		o["aliases"] = indexMap(slices.DeleteFunc(entries(o["aliases"]), func(a object) bool { return str(a["name"]) == local }))
	}, func(pr *principal) {
		pr.Emails = slices.DeleteFunc(pr.Emails, func(e string) bool { return e == alias })
	})
}

// SetPassword replaces every credential of an account by one password.
func (s *Server) SetPassword(account, password string) error {
	return s.edit(account, func(o object) {
		o["credentials"] = indexMap([]object{passwordCredential(password)})
	}, func(pr *principal) {
		pr.Secrets = []string{hashSecret(password)}
	})
}

func passwordCredential(password string) object {
	return object{
		"@type": "Password", "credentialId": "a", "secret": hashSecret(password), "expiresAt": nil, "allowedIps": object{},
	}
}

// SetPermissions makes an account hold exactly these permissions.
func (s *Server) SetPermissions(account string, permissions ...string) error {
	return s.edit(account, func(o object) {
		named := object{}
		for _, p := range permissions {
			named[p] = true
		}
		o["permissions"] = object{"@type": "Replace", "enabledPermissions": named, "disabledPermissions": object{}}
	}, func(pr *principal) {
		pr.Roles, pr.Enabled, pr.Disabled = nil, permissions, nil
	})
}

// AddAccount makes an account of the default user role in an existing domain.
func (s *Server) AddAccount(address, password string, aliases ...string) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	fresh := &process{}
	fresh.cache.clear()
	local, domain, _ := strings.Cut(address, "@")
	if s.edition.rest {
		s.addPrincipal(&principal{
			Type: "individual", Name: address, Emails: append([]string{address}, aliases...),
			Secrets: []string{hashSecret(password)}, Roles: []string{"user"},
		})
		return nil
	}
	id, ok := s.findDomain(fresh, domain)
	if !ok {
		return errNoSuch
	}
	var list []object
	for _, alias := range aliases {
		name, _, _ := strings.Cut(alias, "@")
		list = append(list, object{"name": name, "domainId": id, "enabled": true, "description": nil})
	}
	s.insert("Account", object{
		"@type": "User", "name": local, "domainId": id, "aliases": indexMap(list),
		"credentials": indexMap([]object{passwordCredential(password)}),
	})
	if s.process != nil {
		s.forgetNames(s.process)
	}
	return nil
}

// RemoveAccount deletes an account.
func (s *Server) RemoveAccount(address string) error {
	id := ""
	if a, ok := s.Account(address); ok {
		id = a.ID
	}
	if id == "" {
		return errNoSuch
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	delete(s.store.table("Account"), id)
	if n, err := strconv.Atoi(id); err == nil && s.edition.rest {
		delete(s.store.principals, n)
	}
	if s.process != nil {
		s.process.cache.clear()
	}
	return nil
}

// Ban blocks an address at once, as too many failures would.
func (s *Server) Ban(ip string) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if s.process != nil {
		s.block(s.process, ip, "authFailure", 0)
	}
}

// AddDKIMKey makes a new active Ed25519 key for a domain. Like one made through
// the API it does not sign while the signers of the domain are cached.
func (s *Server) AddDKIMKey(domain, selector string) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if s.edition.rest {
		id := "ed25519-" + domain + "-" + selector
		return s.storeDkim(id, dkimRequest{Algorithm: "Ed25519", Domain: &domain, ID: &id, Selector: &selector})
	}
	fresh := &process{}
	fresh.cache.clear()
	id, ok := s.findDomain(fresh, domain)
	if !ok {
		return errNoSuch
	}
	key, err := newEd25519Key()
	if err != nil {
		return err
	}
	s.addKey(id, "Dkim1Ed25519Sha256", selector, key)
	return nil
}

// RemoveDKIMKey destroys the key with that selector.
func (s *Server) RemoveDKIMKey(domain, selector string) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	for id, key := range s.store.tables["DkimSignature"] {
		if str(key["selector"]) == selector && str(s.store.table("Domain")[str(key["domainId"])]["name"]) == domain {
			delete(s.store.table("DkimSignature"), id)
		}
	}
	for _, name := range s.settingNames("signature.") {
		id, isSelector := strings.CutSuffix(name, ".selector")
		if isSelector && s.store.settings["signature."+name] == selector {
			for key := range s.allSettings("signature." + id + ".") {
				delete(s.store.settings, "signature."+id+"."+key)
			}
		}
	}
	if s.process != nil {
		s.process.cache.signers = map[string][]signer{}
	}
}
