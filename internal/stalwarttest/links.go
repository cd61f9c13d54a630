package stalwarttest

import (
	"maps"
	"slices"
)

// check validates an object before it is written: the rules of its type, then
// the objects it refers to, then the names that only one object may have.
func (c *call) check(t *objectType, id string, old, o object) *setError {
	if fault := c.checkType(t, old, o); fault != nil {
		return fault
	}
	if fault := c.x.s.checkReferences(t.fields(o), o); fault != nil {
		return fault
	}
	return c.x.s.checkUnique(t.Name, id, o)
}

func (c *call) checkType(t *objectType, old, o object) *setError {
	switch t.Name {
	case "Account":
		for _, id := range members(o["memberGroupIds"]) {
			if group, ok := c.x.s.store.get("Account", id); ok && str(group["@type"]) != "Group" {
				return &setError{Type: "invalidForeignKey", ObjectID: &objectRef{"Account", id}}
			}
		}
		return c.checkAccount(old, o)
	case "Role":
		return c.checkRole(old, o)
	case "Domain":
		return checkTemplate(sub(o["dkimManagement"]))
	case "DkimSignature":
		return checkKey(o)
	case "Certificate":
		return checkCertificate(o)
	}
	return c.x.s.checkExpressions(t, o)
}

// references calls f for every id below an object.
func references(fields map[string]*property, o object, f func(kind, id string)) {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		p := fields[name]
		switch {
		case p.Type == "id":
			if id := str(o[name]); id != "" && id != noID {
				f(p.Ref, id)
			}
		case p.Type == "set" && slices.Contains([]string{"Account", "Role"}, p.Ref):
			for _, id := range members(o[name]) {
				f(p.Ref, id)
			}
		case p.Type == "list" && p.Of.Fields != nil:
			for _, item := range entries(o[name]) {
				references(p.Of.Fields, item, f)
			}
		case p.Type == "variant":
			v := sub(o[name])
			references(p.Variants[str(v["@type"])], v, f)
		}
	}
}

// checkReferences refuses ids of objects that do not exist.
func (s *Server) checkReferences(fields map[string]*property, o object) *setError {
	var fault *setError
	references(fields, o, func(kind, id string) {
		if _, ok := s.store.get(kind, id); !ok && fault == nil {
			fault = &setError{Type: "invalidForeignKey", ObjectID: &objectRef{kind, id}}
		}
	})
	return fault
}

// linked lists the objects that refer to one.
func (s *Server) linked(kind, id string) []objectRef {
	var out []objectRef
	for _, name := range slices.Sorted(maps.Keys(s.store.tables)) {
		t := s.schema[name]
		if name == "Task" || t == nil {
			continue
		}
		for _, other := range s.store.ids(name) {
			o := s.store.tables[name][other]
			hit := false
			references(t.fields(o), o, func(k, i string) { hit = hit || k == kind && i == id })
			if hit {
				out = append(out, objectRef{name, other})
			}
		}
	}
	return out
}

// checkUnique refuses a name that another object has.
func (s *Server) checkUnique(kind, id string, o object) *setError {
	switch kind {
	case "Account", "MailingList":
		return s.uniqueAddresses(kind, id, o)
	case "Domain":
		return s.uniqueDomain(id, o)
	case "NetworkListener":
		return s.uniqueValue(kind, "name", id, o)
	case "AllowedIp", "BlockedIp":
		return s.uniqueValue(kind, "address", id, o)
	}
	return nil
}

func keyViolation(property, kind, id string) *setError {
	return &setError{Type: "primaryKeyViolation", Properties: []string{property}, ObjectID: &objectRef{kind, id}}
}

func (s *Server) uniqueValue(kind, property, id string, o object) *setError {
	for _, other := range s.store.ids(kind) {
		if other != id && s.store.table(kind)[other][property] == o[property] {
			return keyViolation(property, kind, other)
		}
	}
	return nil
}

// uniqueAddresses looks for another owner of any address of o.
func (s *Server) uniqueAddresses(kind, id string, o object) *setError {
	wanted := map[[2]string]bool{{str(o["name"]), str(o["domainId"])}: true}
	for _, alias := range entries(o["aliases"]) {
		wanted[[2]string{str(alias["name"]), str(alias["domainId"])}] = true
	}
	for _, otherKind := range []string{"Account", "MailingList"} {
		for _, other := range s.store.ids(otherKind) {
			if otherKind == kind && other == id {
				continue
			}
			owned := s.store.table(otherKind)[other]
			taken := wanted[[2]string{str(owned["name"]), str(owned["domainId"])}]
			for _, alias := range entries(owned["aliases"]) {
				taken = taken || wanted[[2]string{str(alias["name"]), str(alias["domainId"])}]
			}
			if taken {
				return keyViolation("email", otherKind, other)
			}
		}
	}
	return nil
}

// uniqueDomain compares the name with the names of all domains and, except in
// 0.16.3, the aliases too.
func (s *Server) uniqueDomain(id string, o object) *setError {
	for _, other := range s.store.ids("Domain") {
		if other == id {
			continue
		}
		domain := s.store.table("Domain")[other]
		if domain["name"] == o["name"] {
			return keyViolation("name", "Domain", other)
		}
		if s.edition.nullDrops {
			continue
		}
		if sub(domain["aliases"])[str(o["name"])] == true {
			return keyViolation("name", "Domain", other)
		}
		for _, alias := range members(o["aliases"]) {
			if domain["name"] == alias || sub(domain["aliases"])[alias] == true {
				return keyViolation("aliases", "Domain", other)
			}
		}
	}
	return nil
}

// copyTables and restoreTables undo a write that was answered but lost.
func (s *Server) copyTables() map[string]map[string]object {
	out := map[string]map[string]object{}
	for name, table := range s.store.tables {
		out[name] = map[string]object{}
		for id, o := range table {
			out[name][id] = cloneObject(o)
		}
	}
	return out
}

func (s *Server) restoreTables(saved map[string]map[string]object) { s.store.tables = saved }
