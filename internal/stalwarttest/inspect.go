package stalwarttest

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Account is what the store holds about an account, for tests to look at.
type Account struct {
	ID          string
	Name        string // 0.16: local part; 0.15: login
	Addresses   []string
	Permissions []string // effective, sorted
	Credentials int      // passwords and app passwords
}

var errNoSuch = errors.New("stalwarttest: no such account or domain")

// Accounts lists the accounts in the store, oldest first, past every cache.
func (s *Server) Accounts() []Account {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	fresh := &process{}
	fresh.cache.clear()
	var out []Account
	for _, id := range s.store.ids("Account") {
		o := s.store.table("Account")[id]
		g := s.grantOf(fresh, id)
		out = append(out, Account{id, str(o["name"]), g.addresses, sorted(g.permissions), len(entries(o["credentials"]))})
	}
	for id := 1; id <= s.store.lastID; id++ {
		if pr, ok := s.store.principals[id]; ok && pr.Type == "individual" {
			g := s.grantREST(fresh, pr)
			out = append(out, Account{strconv.Itoa(id), pr.Name, pr.Emails, sorted(g.permissions), len(pr.Secrets)})
		}
	}
	return out
}

func sorted(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for name := range set {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Account returns the account with that primary address or login.
func (s *Server) Account(address string) (Account, bool) {
	for _, a := range s.Accounts() {
		if len(a.Addresses) > 0 && a.Addresses[0] == address || a.Name == address {
			return a, true
		}
	}
	return Account{}, false
}

// Domains lists the names of the domains.
func (s *Server) Domains() []string {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	var out []string
	for _, id := range s.store.ids("Domain") {
		out = append(out, str(s.store.table("Domain")[id]["name"]))
	}
	for id := 1; id <= s.store.lastID; id++ {
		if pr, ok := s.store.principals[id]; ok && pr.Type == "domain" {
			out = append(out, pr.Name)
		}
	}
	return out
}

// DKIMRecord is one published key.
type DKIMRecord struct{ Selector, Stage, Record string }

// DKIMRecords lists the keys of a domain with the TXT record each needs.
func (s *Server) DKIMRecords(domain string) []DKIMRecord {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	var out []DKIMRecord
	for _, id := range s.store.ids("DkimSignature") {
		key := s.store.table("DkimSignature")[id]
		if str(s.store.table("Domain")[str(key["domainId"])]["name"]) == domain {
			out = append(out, DKIMRecord{str(key["selector"]), str(key["stage"]), dkimRecord(key)})
		}
	}
	for _, record := range s.dkimRecords(domain) {
		name, _, _ := strings.Cut(record.Name, ".")
		out = append(out, DKIMRecord{name, "active", record.Content})
	}
	return out
}

// Bans lists the addresses that are banned now.
func (s *Server) Bans() []string {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	if s.process == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(s.process.blocked))
}
