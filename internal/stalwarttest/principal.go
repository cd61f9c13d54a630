package stalwarttest

import (
	"fmt"
	"slices"
	"strings"
)

// principal is an entry of the 0.15 directory: a domain, an individual, a
// group, an API key ...
type principal struct {
	ID          int
	Type        string
	Name        string
	Description string
	Quota       *float64
	Secrets     []string // verbatim, as they were sent
	Emails      []string // the primary first, then sorted
	Roles       []string
	MemberOf    []string
	Lists       []string
	Enabled     []string // permissions
	Disabled    []string

	members []string // of a group that is being created
}

const (
	maxListItem  = 512
	maxPrincipal = 100 << 10
)

func (pr *principal) copied() *principal {
	out := *pr
	for _, list := range []*[]string{&out.Secrets, &out.Emails, &out.Roles, &out.MemberOf, &out.Lists, &out.Enabled, &out.Disabled} {
		*list = slices.Clone(*list)
	}
	return &out
}

// list returns the field of that name that holds a list of strings.
func (pr *principal) list(field string) *[]string {
	return map[string]*[]string{
		"secrets": &pr.Secrets, "emails": &pr.Emails, "roles": &pr.Roles, "memberOf": &pr.MemberOf,
		"lists": &pr.Lists, "enabledPermissions": &pr.Enabled, "disabledPermissions": &pr.Disabled,
	}[field]
}

func (pr *principal) size() int {
	n := len(pr.Name) + len(pr.Description)
	for _, list := range [][]string{pr.Secrets, pr.Emails, pr.Roles} {
		for _, item := range list {
			n += len(item) + 2
		}
	}
	return n
}

// keepSecrets keeps the first main password and every app password and one-time
// password. Further main passwords vanish without a word.
func keepSecrets(given []string) []string {
	var out []string
	main := false
	for _, secret := range given {
		if isSecondary(secret) {
			out = append(out, secret)
		} else if !main && secret != "" {
			main = true
			out = append(out, secret)
		}
	}
	return out
}

func isSecondary(secret string) bool { return hasPrefix(secret, "$app$", "otpauth://") }

// ordered puts the first address in front and sorts the others.
func ordered(emails []string) []string {
	var out []string
	for _, email := range emails {
		if email = strings.ToLower(email); !slices.Contains(out, email) {
			out = append(out, email)
		}
	}
	if len(out) > 1 {
		slices.Sort(out[1:])
	}
	return out
}

func (s *Server) addPrincipal(pr *principal) int {
	s.store.lastID++
	pr.ID = s.store.lastID
	s.store.principals[pr.ID] = pr
	return pr.ID
}

func (s *Server) principalNamed(name string) *principal {
	for _, pr := range s.store.principals {
		if pr.Name == name {
			return pr
		}
	}
	return nil
}

// shownPrincipal is a principal as GET shows it: empty fields are left out.
func (s *Server) shownPrincipal(pr *principal, fields []string) object {
	out := object{"id": pr.ID, "type": pr.Type, "name": pr.Name}
	if pr.Description != "" {
		out["description"] = pr.Description
	}
	if pr.Quota != nil {
		out["quota"] = *pr.Quota
	}
	for _, field := range []string{"secrets", "emails", "roles", "memberOf", "lists", "enabledPermissions", "disabledPermissions"} {
		if list := *pr.list(field); len(list) > 0 {
			out[field] = list
		}
	}
	switch pr.Type {
	case "domain":
		out["members"] = s.countIn(pr.Name)
	case "group", "list":
		if names := s.membersOf(pr); len(names) > 0 {
			out["members"] = names
		}
	}
	for name := range out {
		if len(fields) > 0 && name != "id" && name != "type" && !slices.Contains(fields, name) {
			delete(out, name)
		}
	}
	return out
}

// countIn counts the addresses in a domain, which is what its members are.
func (s *Server) countIn(domain string) int {
	n := 0
	for _, pr := range s.store.principals {
		for _, email := range pr.Emails {
			if strings.HasSuffix(email, "@"+domain) {
				n++
			}
		}
	}
	return n
}

func (s *Server) membersOf(group *principal) []string {
	var names []string
	for _, pr := range s.store.principals {
		if slices.Contains(pr.MemberOf, group.Name) || slices.Contains(pr.Lists, group.Name) {
			names = append(names, pr.Name)
		}
	}
	slices.Sort(names)
	return names
}

// restError is a refusal inside a 200.
type restError object

func notFound(item string) restError { return restError{"error": "notFound", "item": item} }

func alreadyExists(field, value string) restError {
	return restError{"error": "fieldAlreadyExists", "field": field, "value": value}
}

func otherError(details, reason string) restError {
	return restError{"error": "other", "details": details, "reason": reason}
}

// freeEmail refuses an address in an unknown domain or of another principal.
func (s *Server) freeEmail(pr *principal, email string) restError {
	_, domain, found := strings.Cut(email, "@")
	if found {
		if d := s.principalNamed(domain); d == nil || d.Type != "domain" {
			return notFound(domain)
		}
	}
	for _, other := range s.store.principals {
		if other.ID != pr.ID && slices.Contains(other.Emails, email) {
			return alreadyExists("emails", email)
		}
	}
	return nil
}

// mayHold refuses roles and permissions that do not exist or that the caller
// does not hold himself.
func (s *Server) mayHold(who *identity, roles, permissions []string, field string) restError {
	for _, role := range roles {
		held, ok := s.rolePermissions(role)
		if !ok {
			return notFound(role)
		}
		for p := range held {
			if !who.may(p) {
				return otherError("Invalid role", fmt.Sprintf("Your account cannot grant the %q role", role))
			}
		}
	}
	for _, p := range permissions {
		if !slices.Contains(s.perms, p) {
			return otherError("Invalid "+field+" value", fmt.Sprintf("Permission %q is invalid", p))
		}
		if !who.may(p) {
			return otherError("Invalid permission", fmt.Sprintf("Your account cannot grant the %q permission", p))
		}
	}
	return nil
}

// rolePermissions are those of the two roles that come with the server, or of
// a principal of type role.
func (s *Server) rolePermissions(role string) (map[string]bool, bool) {
	out := map[string]bool{}
	switch role {
	case "user", "admin":
		for _, p := range s.perms {
			if role == "admin" || hasPrefix(p, "authenticate", "email-", "jmap-", "imap-", "pop3-", "sieve-", "dav-", "calendar-", "manage-") {
				out[p] = true
			}
		}
		return out, true
	}
	pr := s.principalNamed(role)
	if pr == nil || pr.Type != "role" {
		return nil, false
	}
	for _, p := range pr.Enabled {
		out[p] = true
	}
	return out, true
}
