package stalwarttest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func principalTypes() []string {
	return []string{"individual", "group", "resource", "location", "list", "domain", "tenant", "role", "apiKey", "oauthClient"}
}

// permissionFor is the permission for an operation on a type of principal.
func permissionFor(kind, operation string) string {
	switch kind {
	case "list":
		kind = "mailing-list"
	case "apiKey":
		kind = "api-key"
	case "oauthClient":
		kind = "oauth-client"
	case "resource", "location":
		kind = "individual"
	}
	return kind + "-" + operation
}

func (x *exchange) principals(who *identity, name string) {
	switch {
	case x.r.Method == http.MethodGet && name == "":
		x.listPrincipals(who)
	case x.r.Method == http.MethodPost && (name == "" || name == "deploy"):
		x.createPrincipal(who)
	case x.r.Method == http.MethodDelete && name == "":
		x.badRequest("Missing confirmation parameter")
	case name == "":
		x.fail(http.StatusNotFound)
	default:
		x.onePrincipal(who, name)
	}
}

func (x *exchange) onePrincipal(who *identity, name string) {
	operations := map[string]string{http.MethodGet: "get", http.MethodPatch: "update", http.MethodDelete: "delete"}
	operation, ok := operations[x.r.Method]
	if !ok {
		x.fail(http.StatusNotFound)
		return
	}
	pr := x.s.principalNamed(name)
	kind := "individual"
	if pr != nil {
		kind = pr.Type
	}
	if !x.allowed(who, permissionFor(kind, operation)) {
		return
	}
	if operation == "update" {
		x.patchPrincipal(who, name, pr)
		return
	}
	if pr == nil {
		x.refuseWith(notFound(name))
		return
	}
	if operation == "get" {
		x.data(x.s.shownPrincipal(pr, nil))
		return
	}
	x.deletePrincipal(pr)
}

// deletePrincipal removes a principal whatever still refers to it.
func (x *exchange) deletePrincipal(pr *principal) {
	delete(x.s.store.principals, pr.ID)
	delete(x.p.cache.grants, strconv.Itoa(pr.ID))
	for _, other := range x.s.store.principals {
		if slices.Contains(other.MemberOf, pr.Name) {
			other.MemberOf = slices.DeleteFunc(other.MemberOf, func(n string) bool { return n == pr.Name })
			delete(x.p.cache.grants, strconv.Itoa(other.ID))
		}
	}
	x.data(nil)
}

// listPrincipals answers GET /api/principal. Without "types" the caller needs
// the permission to list every type there is.
func (x *exchange) listPrincipals(who *identity) {
	query := x.r.URL.Query()
	wanted := slices.DeleteFunc(strings.Split(query.Get("types"), ","), func(kind string) bool {
		return !slices.Contains(principalTypes(), kind) // unknown types do not count
	})
	if len(wanted) == 0 {
		wanted = principalTypes()
	}
	for _, kind := range wanted {
		if !x.allowed(who, permissionFor(kind, "list")) {
			return
		}
	}
	var found []*principal
	for _, pr := range x.s.store.principals {
		if slices.Contains(wanted, pr.Type) && hasWord(pr, query.Get("filter")) {
			found = append(found, pr)
		}
	}
	slices.SortFunc(found, func(a, b *principal) int { return cmp.Compare(a.Name, b.Name) })
	total := len(found)
	if query.Get("count") == "true" {
		found = nil
	}
	var fields []string
	if names := query.Get("fields"); names != "" {
		fields = strings.Split(names, ",")
	}
	items := []object{}
	for _, pr := range pageOf(found, query.Get("page"), query.Get("limit")) {
		items = append(items, x.s.shownPrincipal(pr, fields))
	}
	x.data(object{"items": items, "total": total})
}

// pageOf cuts a list; pages begin with 1.
func pageOf[T any](list []T, page, limit string) []T {
	n := atoi(limit, len(list))
	start := min(max(atoi(page, 1)-1, 0)*n, len(list))
	return list[start:min(start+n, len(list))]
}

// hasWord looks a word up in the index over name, addresses and description.
func hasWord(pr *principal, word string) bool {
	if word == "" {
		return true
	}
	text := strings.Join(append([]string{pr.Name, pr.Description}, pr.Emails...), " ")
	parts := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune(" @.-,", r) })
	return slices.Contains(parts, strings.ToLower(word))
}

// createPrincipal answers POST /api/principal with the new id.
func (x *exchange) createPrincipal(who *identity) {
	var given map[string]json.RawMessage
	if !x.decode(&given) {
		return
	}
	pr, ok := parsePrincipal(given)
	if !ok {
		x.badBody()
		return
	}
	if !x.allowed(who, permissionFor(pr.Type, "create")) {
		return
	}
	if fault := x.s.refusePrincipal(who, pr); fault != nil {
		x.refuseWith(fault)
		return
	}
	id := x.s.addPrincipal(pr)
	x.joinMembers(pr)
	if pr.Type == "domain" {
		x.s.setDefault("report.domain", pr.Name)
	}
	x.data(id)
}

// refusePrincipal applies the rules to a new principal: the name first.
func (s *Server) refusePrincipal(who *identity, pr *principal) restError {
	if pr.Name == "" {
		return restError{"error": "fieldMissing", "field": "name"}
	}
	if s.principalNamed(pr.Name) != nil {
		return alreadyExists("name", pr.Name)
	}
	if fault := s.mayHold(who, pr.Roles, pr.Enabled, "enabledPermissions"); fault != nil {
		return fault
	}
	for _, name := range slices.Concat(pr.MemberOf, pr.Lists, pr.members) {
		if s.principalNamed(name) == nil {
			return notFound(name)
		}
	}
	for _, email := range pr.Emails {
		if fault := s.freeEmail(pr, email); fault != nil {
			return fault
		}
	}
	return nil
}
