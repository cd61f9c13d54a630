package stalwarttest

import (
	"slices"
	"strings"
	"time"
)

// nodeCache is what one process remembers about the store. Positive entries
// have no time to live: another process on the same store can make them wrong
// and nothing but an action, or a restart, makes them right again.
type nodeCache struct {
	domains  map[string]string    // name or alias of a domain, its id
	accounts map[string]owner     // address, its owner
	missing  map[string]time.Time // names that did not exist, end of the memory
	aliases  map[string][]string  // id of a domain, its alias names (0.16.3)
	grants   map[string]*grant    // id of an account, what it may do
	signers  map[string][]signer  // id of a domain, keys that sign
	rcpt     map[string]rcptEntry // 0.15: answers to RCPT
}

type owner struct{ object, id string }

type rcptEntry struct {
	known bool
	until time.Time
}

// grant is what a session takes with it when it logs in.
type grant struct {
	permissions map[string]bool
	addresses   []string
}

const negativeTTL = time.Hour

func (c *nodeCache) clear() {
	c.domains, c.accounts, c.grants = map[string]string{}, map[string]owner{}, map[string]*grant{}
	c.aliases, c.signers = map[string][]string{}, map[string][]signer{}
	c.clearNegative()
	c.rcpt = map[string]rcptEntry{}
}

func (c *nodeCache) clearNegative() { c.missing = map[string]time.Time{} }

// forgetNames drops what is known about names after a change of an account or
// domain on this node. Up to 0.16.9 the negative entries stay.
func (s *Server) forgetNames(p *process) {
	p.cache.accounts = map[string]owner{}
	p.cache.grants = map[string]*grant{}
	if !s.edition.stickyNegative {
		p.cache.clearNegative()
	}
	if !s.edition.stickyDomain {
		p.cache.domains, p.cache.aliases = map[string]string{}, map[string][]string{}
	}
}

func (s *Server) isMissing(p *process, name string) bool {
	until, ok := p.cache.missing[name]
	return ok && s.now().Before(until)
}

func (s *Server) remember(p *process, name string) {
	p.cache.missing[name] = s.now().Add(negativeTTL)
}

// findDomain resolves the name of a domain or of a domain alias.
func (s *Server) findDomain(p *process, name string) (string, bool) {
	if id, ok := p.cache.domains[name]; ok {
		return id, true
	}
	if s.isMissing(p, name) {
		return "", false
	}
	for id, domain := range s.store.tables["Domain"] {
		if str(domain["name"]) == name || slices.Contains(s.aliasesOf(p, id), name) {
			p.cache.domains[name] = id
			return id, true
		}
	}
	s.remember(p, name)
	return "", false
}

// aliasesOf are the alias names of a domain as this process knows them.
func (s *Server) aliasesOf(p *process, id string) []string {
	if known, ok := p.cache.aliases[id]; ok {
		return known
	}
	known := members(s.store.table("Domain")[id]["aliases"])
	p.cache.aliases[id] = known
	return known
}

// findOwner resolves an address to the account, group or list that has it.
func (s *Server) findOwner(p *process, address string) (owner, bool) {
	address = strings.ToLower(address)
	if found, ok := p.cache.accounts[address]; ok {
		return found, true
	}
	local, domain, _ := strings.Cut(address, "@")
	domainID, ok := s.findDomain(p, domain)
	if !ok || s.isMissing(p, address) {
		return owner{}, false
	}
	found, ok := s.lookUp(local, domainID)
	if !ok {
		s.remember(p, address)
		return owner{}, false
	}
	p.cache.accounts[address] = found
	return found, true
}

// lookUp asks the store who has local@domain.
func (s *Server) lookUp(local, domainID string) (owner, bool) {
	for _, kind := range []string{"Account", "MailingList"} {
		for id, o := range s.store.tables[kind] {
			if str(o["name"]) == local && str(o["domainId"]) == domainID {
				return owner{kind, id}, true
			}
			for _, alias := range entries(o["aliases"]) {
				if str(alias["name"]) == local && str(alias["domainId"]) == domainID && s.counts(alias) {
					return owner{kind, id}, true
				}
			}
		}
	}
	return owner{}, false
}

// counts tells whether an alias is in force.
func (s *Server) counts(alias object) bool {
	return yes(alias["enabled"]) || s.edition.disabledGrants
}

// grantOf returns what an account may do, from the cache when it is there.
func (s *Server) grantOf(p *process, id string) *grant {
	if g, ok := p.cache.grants[id]; ok {
		return g
	}
	account := s.store.table("Account")[id]
	g := &grant{permissions: s.effective(account), addresses: s.addressesOf(p, account)}
	for _, group := range members(account["memberGroupIds"]) {
		if o, ok := s.store.get("Account", group); ok {
			g.addresses = append(g.addresses, s.addressesOf(p, o)...)
		}
	}
	p.cache.grants[id] = g
	return g
}

// addressesOf lists the account's own address and its aliases, each on the
// domain and on every alias name of that domain.
func (s *Server) addressesOf(p *process, account object) []string {
	out := s.onDomain(p, str(account["name"]), str(account["domainId"]))
	for _, alias := range entries(account["aliases"]) {
		if s.counts(alias) {
			out = append(out, s.onDomain(p, str(alias["name"]), str(alias["domainId"]))...)
		}
	}
	return out
}

func (s *Server) onDomain(p *process, local, domainID string) []string {
	domain, ok := s.store.get("Domain", domainID)
	if !ok {
		return nil
	}
	out := []string{local + "@" + str(domain["name"])}
	for _, alias := range s.aliasesOf(p, domainID) {
		out = append(out, local+"@"+alias)
	}
	return out
}

// address is the primary address of an account, group or list.
func (s *Server) address(o object) string {
	return str(o["name"]) + "@" + str(s.store.table("Domain")[str(o["domainId"])]["name"])
}
