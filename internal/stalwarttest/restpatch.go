package stalwarttest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// operation is one entry of a PATCH: {"action","field","value"}.
type operation struct {
	Action string          `json:"action"`
	Field  string          `json:"field"`
	Value  json.RawMessage `json:"value"`

	text   string
	list   []string
	isList bool
}

func patchFields() []string {
	return strings.Fields("name type description quota secrets emails roles memberOf lists members enabledPermissions disabledPermissions tenant picture urls externalMembers locale")
}

// valid reads the value. A missing or null value, an unknown field or action,
// and a string that is too long make the whole body unreadable.
func (o *operation) valid() bool {
	actions := []string{"set", "addItem", "removeItem"}
	if !slices.Contains(actions, o.Action) || !slices.Contains(patchFields(), o.Field) || len(o.Value) == 0 || string(o.Value) == "null" {
		return false
	}
	if json.Unmarshal(o.Value, &o.list) == nil {
		o.isList = true
		return !slices.ContainsFunc(o.list, func(s string) bool { return len(s) > maxListItem })
	}
	var n float64
	if json.Unmarshal(o.Value, &n) == nil {
		o.text = string(o.Value)
		return o.Field == "quota"
	}
	return json.Unmarshal(o.Value, &o.text) == nil && len(o.text) <= maxListItem
}

// invalid names the value in the notation of the server's own source.
func (o *operation) invalid() restError {
	shown := fmt.Sprintf("String(%q)", o.text)
	if o.isList {
		quoted := make([]string, len(o.list))
		for i, item := range o.list {
			quoted[i] = strconv.Quote(item)
		}
		shown = "StringList([" + strings.Join(quoted, ", ") + "])"
	}
	return otherError("Invalid parameter", "Invalid value "+shown+" for "+o.Field)
}

// patchPrincipal answers PATCH: all operations or none.
func (x *exchange) patchPrincipal(who *identity, name string, pr *principal) {
	var operations []*operation
	if !x.decode(&operations) {
		return
	}
	for _, o := range operations {
		if o == nil || !o.valid() {
			x.badBody()
			return
		}
	}
	if pr == nil {
		x.refuseWith(notFound(name))
		return
	}
	changed := pr.copied()
	var members []func()
	for _, o := range operations {
		var fault restError
		if o.Field == "members" {
			var later func()
			later, fault = x.patchMembers(changed, o)
			members = append(members, later)
		} else {
			fault = x.s.apply(who, changed, o)
		}
		if fault != nil {
			x.refuseWith(fault)
			return
		}
	}
	if changed.size() > maxPrincipal {
		x.refuseWith(otherError("Invalid parameter", "Principal object size exceeds 100kb safety limit."))
		return
	}
	x.commitPatch(pr, changed, members)
	x.data(nil)
}

func (x *exchange) commitPatch(old, changed *principal, members []func()) {
	x.s.store.principals[changed.ID] = changed
	for _, later := range members {
		later()
	}
	described := old.copied()
	described.Description, described.Quota = changed.Description, changed.Quota
	if !equal(described, changed) { // a new description leaves the cached grants alone
		delete(x.p.cache.grants, strconv.Itoa(changed.ID))
	}
}

// apply carries out one operation on a copy of the principal.
func (s *Server) apply(who *identity, pr *principal, o *operation) restError {
	list := pr.list(o.Field)
	switch {
	case o.Field == "type":
		return o.invalid()
	case list != nil:
		return s.applyToList(who, pr, list, o)
	case o.isList || o.Action != "set":
		return o.invalid()
	case o.Field == "name":
		name := strings.ToLower(o.text)
		if other := s.principalNamed(name); other != nil && other.ID != pr.ID {
			return alreadyExists("name", name)
		}
		pr.Name = name
	case o.Field == "description":
		pr.Description = o.text
	case o.Field == "quota":
		quota, err := strconv.ParseFloat(o.text, 64)
		if err != nil {
			return o.invalid()
		}
		pr.Quota = &quota
	}
	return nil
}

func (s *Server) applyToList(who *identity, pr *principal, list *[]string, o *operation) restError {
	if o.Field == "secrets" {
		return applySecrets(pr, o)
	}
	if (o.Action == "set") != o.isList {
		return o.invalid()
	}
	items := o.list
	if !o.isList {
		items = []string{o.text}
	}
	if o.Field == "emails" {
		items = lowered(items)
	}
	if o.Action == "removeItem" {
		*list = slices.DeleteFunc(*list, func(item string) bool { return item == items[0] })
		return nil
	}
	for _, item := range items {
		if fault := s.refuseItem(who, pr, o.Field, item); fault != nil {
			return fault
		}
	}
	if o.Action == "set" {
		*list = nil
	}
	for _, item := range items {
		if !slices.Contains(*list, item) {
			*list = append(*list, item)
		}
	}
	if o.Field == "emails" {
		*list = ordered(*list)
	}
	return nil
}

func lowered(items []string) []string {
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = strings.ToLower(item)
	}
	return out
}

func (s *Server) refuseItem(who *identity, pr *principal, field, item string) restError {
	switch field {
	case "emails":
		if !strings.Contains(item, "@") {
			return otherError("Invalid email", "Email address is invalid")
		}
		return s.freeEmail(pr, item)
	case "roles":
		return s.mayHold(who, []string{item}, nil, field)
	case "enabledPermissions", "disabledPermissions":
		return s.mayHold(who, nil, []string{item}, field)
	}
	target := s.principalNamed(item)
	if target == nil {
		return notFound(item)
	}
	if field == "memberOf" && target.Type != "group" && target.Type != "individual" {
		return otherError("Invalid memberOf value", fmt.Sprintf("Principal %q is not a Group, Individual.", item))
	}
	return nil
}

// applySecrets has rules of its own: adding a main password replaces the one
// that is there, adding an app password does not; removing goes by prefix for
// app passwords, and an empty value removes all of them.
func applySecrets(pr *principal, o *operation) restError {
	switch {
	case o.Action == "set" && o.isList:
		pr.Secrets = keepSecrets(o.list)
	case o.Action == "set":
		pr.Secrets = keepSecrets([]string{o.text})
	case o.isList:
		return o.invalid()
	case o.Action == "addItem" && isSecondary(o.text):
		if !slices.Contains(pr.Secrets, o.text) {
			pr.Secrets = append(pr.Secrets, o.text)
		}
	case o.Action == "addItem":
		pr.Secrets = append([]string{o.text}, slices.DeleteFunc(pr.Secrets, func(s string) bool { return !isSecondary(s) })...)
	case o.text == "":
		pr.Secrets = slices.DeleteFunc(pr.Secrets, isSecondary)
	default:
		pr.Secrets = slices.DeleteFunc(pr.Secrets, func(s string) bool {
			return s == o.text || isSecondary(s) && isSecondary(o.text) && strings.HasPrefix(s, o.text)
		})
	}
	return nil
}
