package stalwarttest

import (
	"slices"
	"strconv"
)

// patchMembers changes a group through its members, which reaches their cached
// grants too.
func (x *exchange) patchMembers(group *principal, o *operation) (func(), restError) {
	if o.isList {
		return nil, o.invalid()
	}
	member := x.s.principalNamed(o.text)
	if member == nil {
		return nil, notFound(o.text)
	}
	return func() {
		list := &member.MemberOf
		if group.Type == "list" {
			list = &member.Lists
		}
		*list = slices.DeleteFunc(*list, func(name string) bool { return name == group.Name })
		if o.Action == "addItem" {
			*list = append(*list, group.Name)
		}
		delete(x.p.cache.grants, strconv.Itoa(member.ID))
	}, nil
}

// joinMembers makes the named principals members of a new group.
func (x *exchange) joinMembers(group *principal) {
	for _, name := range group.members {
		member := x.s.principalNamed(name)
		list := &member.MemberOf
		if group.Type == "list" {
			list = &member.Lists
		}
		*list = append(*list, group.Name)
		delete(x.p.cache.grants, strconv.Itoa(member.ID))
	}
	group.members = nil
}
