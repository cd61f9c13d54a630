package stalwarttest

import (
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// loginREST checks a name and a password against the 0.15 directory. The name
// is the login, not an address, and SMTP compares it with respect to case.
func (s *Server) loginREST(p *process, login, password string) (*identity, verdict) {
	if login == p.active.adminUser && login != "" {
		ok, err := verifySecret(p.active.adminSecret, password)
		if ok && err == nil {
			return &identity{id: recoveryID, name: "Fallback Administrator", super: true}, accepted
		}
		return nil, refused
	}
	pr := s.principalNamed(login)
	if pr == nil || pr.Type != "individual" && pr.Type != "apiKey" {
		return nil, refused
	}
	ok, err := anySecret(pr.Secrets, password)
	switch {
	case errors.Is(err, errSecretFormat):
		return nil, temporary
	case !ok:
		return nil, refused
	}
	return &identity{
		id: strconv.Itoa(pr.ID), name: pr.Name, principal: pr, apiKey: pr.Type == "apiKey", grants: s.grantREST(p, pr),
	}, accepted
}

// anySecret tries the stored secrets one after the other. One that cannot be
// parsed spoils all that come after it.
func anySecret(secrets []string, given string) (bool, error) {
	for _, stored := range secrets {
		if strings.HasPrefix(stored, "otpauth://") {
			continue
		}
		if app, found := strings.CutPrefix(stored, "$app$"); found {
			_, stored, _ = strings.Cut(app, "$")
		}
		if ok, err := verifySecret(stored, given); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// grantREST is cached by principal. A change of a group does not reach the
// members it has in the cache.
func (s *Server) grantREST(p *process, pr *principal) *grant {
	key := strconv.Itoa(pr.ID)
	if known, ok := p.cache.grants[key]; ok {
		return known
	}
	g := &grant{permissions: map[string]bool{}, addresses: append([]string{pr.Name}, pr.Emails...)}
	for _, role := range pr.Roles {
		held, _ := s.rolePermissions(role)
		for permission := range held {
			g.permissions[permission] = true
		}
	}
	for _, permission := range pr.Enabled {
		g.permissions[permission] = true
	}
	for _, permission := range pr.Disabled {
		delete(g.permissions, permission)
	}
	for _, name := range pr.MemberOf {
		if group := s.principalNamed(name); group != nil {
			g.addresses = append(g.addresses, group.Emails...)
		}
	}
	p.cache.grants[key] = g
	return g
}

// loginBearer checks an API key in its bearer form, or an OAuth token. known
// is false for a token of neither form.
func (s *Server) loginBearer(p *process, token string) (who *identity, v verdict, known bool) {
	key, isKey := strings.CutPrefix(token, "api_")
	if !isKey {
		if s.store.tokens["token."+token] == "" {
			return nil, refused, false
		}
		return &identity{id: recoveryID, name: "Fallback Administrator", super: true}, accepted, true
	}
	raw, err := base64.StdEncoding.DecodeString(key)
	name, secret, found := strings.Cut(string(raw), ":")
	if err != nil || !found {
		return nil, refused, false
	}
	if pr := s.principalNamed(name); pr == nil || pr.Type != "apiKey" {
		return nil, refused, true
	}
	who, v = s.loginREST(p, name, secret)
	return who, v, true
}

// reachableREST answers whether a recipient or a domain is known, from a cache
// that only a reload empties: a day for yes, an hour for no.
func (s *Server) reachableREST(p *process, address string) bool {
	_, domain, isAddress := strings.Cut(address, "@")
	if !isAddress {
		return s.cachedREST(p, address, func() bool {
			pr := s.principalNamed(address)
			return pr != nil && pr.Type == "domain"
		})
	}
	if !s.reachableREST(p, domain) {
		return true // not ours: accepted for delivery elsewhere
	}
	for _, name := range []string{address, "@" + domain} {
		if s.cachedREST(p, name, func() bool { return s.hasAddress(name) }) {
			return true
		}
	}
	return false
}

func (s *Server) cachedREST(p *process, name string, ask func() bool) bool {
	if entry, ok := p.cache.rcpt[name]; ok && s.now().Before(entry.until) {
		return entry.known
	}
	entry := rcptEntry{known: ask(), until: s.now().Add(time.Hour)}
	if entry.known {
		entry.until = s.now().Add(24 * time.Hour)
	}
	p.cache.rcpt[name] = entry
	return entry.known
}

func (s *Server) hasAddress(address string) bool {
	for _, pr := range s.store.principals {
		if slices.Contains(pr.Emails, address) {
			return true
		}
	}
	return false
}
