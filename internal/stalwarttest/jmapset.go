package stalwarttest

import (
	"maps"
	"slices"
	"strings"
)

// set answers x:Foo/set: creations, then updates, then removals, each with its
// own success or failure inside the same answer.
func (c *call) set(t *objectType) any {
	if refusal := c.setRefusal(t); refusal != "" {
		return c.failed("forbidden", refusal)
	}
	if f := c.x.s.faults.take(LoseRace, c.x.r.URL.Path, c.name); f != nil {
		return c.failed("serverUnavailable", textUnavailable)
	}
	if fault := c.malformed(); fault != "" {
		return c.failed("invalidArguments", fault)
	}
	result := object{"accountId": c.accountID()}
	ignored := c.x.s.faults.take(DropWrite, c.x.r.URL.Path, c.name) != nil
	if ignored {
		defer c.x.s.restoreTables(c.x.s.copyTables())
	}
	c.createAll(t, result)
	c.updateAll(t, result)
	c.destroyAll(t, result)
	return c.done(result)
}

func (c *call) createAll(t *objectType, result object) {
	given := sub(c.args["create"])
	for _, name := range slices.Sorted(maps.Keys(given)) {
		created, fault := c.create(t, name, sub(given[name]))
		if fault != nil {
			put(result, "notCreated", name, fault)
			continue
		}
		put(result, "created", name, created)
	}
}

func (c *call) updateAll(t *objectType, result object) {
	given := sub(c.args["update"])
	for _, id := range slices.Sorted(maps.Keys(given)) {
		updated, fault := c.update(t, id, sub(given[id]))
		if fault != nil {
			put(result, "notUpdated", id, fault)
			continue
		}
		put(result, "updated", id, updated)
	}
}

func (c *call) destroyAll(t *objectType, result object) {
	given, _ := c.args["destroy"].([]any)
	destroyed := []any{}
	for _, id := range given {
		if fault := c.destroy(t, str(id)); fault != nil {
			put(result, "notDestroyed", str(id), fault)
			continue
		}
		destroyed = append(destroyed, id)
	}
	if len(destroyed) > 0 {
		result["destroyed"] = destroyed
	}
}

func put(result object, group, name string, v any) {
	if result[group] == nil {
		result[group] = object{}
	}
	result[group].(object)[name] = v
}

func (c *call) patcher() *patcher {
	known := make(map[string]bool, len(c.x.s.perms))
	for _, p := range c.x.s.perms {
		known[p] = true
	}
	return &patcher{edition: c.x.s.edition, perms: known}
}

// create makes one object and returns {"id": ...}.
func (c *call) create(t *objectType, name string, given object) (any, *setError) {
	switch {
	case t.Name == "Action":
		return c.act(given)
	case t.Name == "Bootstrap":
		return nil, &setError{Type: "forbidden", Description: "Bootstrap objects can only be updated"}
	case t.Singleton, t.ReadOnly:
		return nil, &setError{Type: "singleton", Description: textSingleton}
	}
	o, fault := c.build(t, given)
	if fault != nil {
		return nil, fault
	}
	if t.View != "" {
		return c.createCredential(t, o)
	}
	if fault := c.check(t, "", nil, o); fault != nil {
		return nil, fault
	}
	id := c.restoredID(t, name)
	if id == "" {
		id = c.x.s.store.allocate(t, c.x.s.now())
	}
	c.x.s.store.table(t.Name)[id] = o
	c.x.s.changed(c.x.p, t.Name, id, nil, o)
	return object{"id": id}, nil
}

// build makes an object of defaults and fills in what the client gave.
func (c *call) build(t *objectType, given object) (object, *setError) {
	fields := t.fields(given)
	if fields == nil {
		return nil, invalidPatch("", textNoType)
	}
	o := object{}
	for name, p := range fields {
		if p.Type != "hidden" {
			o[name] = p.blank()
		}
	}
	if t.Variants != nil {
		o["@type"] = given["@type"]
	}
	if _, ok := fields["createdAt"]; ok {
		o["createdAt"] = stamp(c.x.s.now())
	}
	if fault := c.write(fields, o, given, true); fault != nil {
		return nil, fault
	}
	return o, missingFields(fields, o)
}

// write applies the keys of a patch, which are property names or paths.
func (c *call) write(fields map[string]*property, o, patch object, creating bool) *setError {
	pt := c.patcher()
	for _, key := range slices.Sorted(maps.Keys(patch)) {
		if key == "@type" {
			continue
		}
		path := strings.Split(key, "/")
		field, ok := fields[path[0]]
		if !ok {
			return c.unknownKey(path[0], key, creating)
		}
		if field.Server {
			return invalidPatch(key, textServerSet)
		}
		v, fault := pt.apply(field, o[path[0]], path[1:], patch[key], key)
		if fault != nil {
			return fault
		}
		o[path[0]] = v
	}
	return nil
}

// update changes one object. A change that changes nothing is a success too,
// but leaves every cache as it is.
func (c *call) update(t *objectType, id string, patch object) (any, *setError) {
	switch t.Name {
	case "Action":
		return nil, &setError{Type: "forbidden", Description: "Actions cannot be updated"}
	case "Bootstrap":
		return c.bootstrap(patch)
	}
	old, ok := c.read(t, id)
	if !ok {
		return nil, &setError{Type: "notFound"}
	}
	o := cloneObject(old)
	if fault := c.write(t.fields(o), o, patch, false); fault != nil {
		return nil, fault
	}
	if kind, given := patch["@type"]; t.Name == "Account" && given && kind != o["@type"] {
		return nil, invalidProperties("Cannot change the type of an existing account.", "@type")
	}
	if fault := missingFields(t.fields(o), o); fault != nil {
		return nil, fault
	}
	if t.View != "" {
		return nil, c.updateCredential(id, o)
	}
	if fault := c.check(t, id, old, o); fault != nil {
		return nil, fault
	}
	if equal(old, o) {
		return nil, nil
	}
	c.x.s.store.table(t.Name)[id] = o
	c.x.s.changed(c.x.p, t.Name, id, old, o)
	return nil, nil
}

// destroy removes one object unless others refer to it.
func (c *call) destroy(t *objectType, id string) *setError {
	if t.View != "" {
		return c.destroyCredential(t, id)
	}
	switch {
	case t.Singleton:
		return &setError{Type: "singleton", Description: textSingleton}
	case t.Name == "ClusterNode":
		return &setError{Type: "forbidden", Description: "Telemetry objects cannot be deleted"}
	}
	old, ok := c.x.s.store.get(t.Name, id)
	if !ok || t.ReadOnly {
		return &setError{Type: "notFound"}
	}
	if linked := c.x.s.linked(t.Name, id); len(linked) > 0 {
		return &setError{Type: "objectIsLinked", ObjectID: &objectRef{t.Name, id}, Linked: linked}
	}
	delete(c.x.s.store.table(t.Name), id)
	c.x.s.changed(c.x.p, t.Name, id, old, nil)
	return nil
}
