package stalwarttest

import (
	"slices"
	"strings"
)

const (
	textNoAction   = "You are not authorized to perform this action"
	textNoAccount  = "Account not found."
	maxObjectsInOp = 500
)

// get answers x:Foo/get.
func (c *call) get(t *objectType) any {
	if !c.who.may("sys"+t.Name+"Get") || t.View != "" && !c.mayView() {
		return c.failed("forbidden", textNoAction)
	}
	list, notFound := []any{}, []any{}
	for _, id := range c.wantedIDs(t) {
		o, ok := c.read(t, id)
		if !ok {
			notFound = append(notFound, id)
			continue
		}
		list = append(list, c.shown(t, id, o))
	}
	return c.done(object{"accountId": c.accountID(), "list": list, "notFound": notFound})
}

// wantedIDs are the ids asked for, or all of them.
func (c *call) wantedIDs(t *objectType) []string {
	given, ok := c.args["ids"].([]any)
	if !ok {
		switch {
		case t.View != "":
			return c.credentialIDs("")
		case t.Singleton:
			return nil // a settings object is shown to those who name it
		}
		return c.x.s.store.ids(t.Name)
	}
	out := []string{}
	for _, id := range given {
		out = append(out, str(id))
	}
	return out
}

// read returns the stored object of a call, or false.
func (c *call) read(t *objectType, id string) (object, bool) {
	s := c.x.s
	switch {
	case t.Name == "Bootstrap":
		return s.singleton(t.Name), c.x.p.mode == "bootstrap" && id == singletonID
	case t.View != "":
		return c.credential(t.View, id)
	case t.Singleton:
		return s.singleton(t.Name), id == singletonID
	}
	return s.store.get(t.Name, id)
}

// shown is the object as a client sees it: computed properties filled in,
// secrets masked, only the properties asked for.
func (c *call) shown(t *objectType, id string, stored object) object {
	o := cloneObject(stored)
	c.x.s.derive(t.Name, id, o, c.wants)
	mask(t.fields(o), o)
	o["id"] = id
	given, ok := c.args["properties"].([]any)
	if !ok {
		return o
	}
	out := object{"id": id}
	for _, name := range given {
		if v, ok := o[str(name)]; ok {
			out[str(name)] = v
		}
	}
	return out
}

// wants tells whether a property is part of the answer.
func (c *call) wants(property string) bool {
	given, ok := c.args["properties"].([]any)
	return !ok || slices.Contains(given, any(property))
}

const masked = "****"

// mask hides every secret below an object.
func mask(fields map[string]*property, o object) {
	for name, p := range fields {
		v, ok := o[name]
		if !ok {
			continue
		}
		switch p.Type {
		case "secret":
			if v != nil {
				o[name] = masked
			}
		case "hidden":
			delete(o, name)
		case "variant":
			mask(p.Variants[str(sub(v)["@type"])], sub(v))
		case "list":
			for _, item := range entries(v) {
				maskElement(p.Of, item)
			}
		}
	}
}

func maskElement(p *property, item object) {
	if p.Type == "variant" {
		mask(p.Variants[str(item["@type"])], item)
		return
	}
	mask(p.Fields, item)
}

// query answers x:Foo/query. The newest objects come first.
func (c *call) query(t *objectType) any {
	switch {
	case t.Name == "Action":
		return c.failed("invalidArguments", "Actions cannot be queried")
	case t.Name == "Log":
		return c.failed("invalidArguments", "No log tracers configured on the server")
	case !c.who.may("sys"+t.Name+"Query") || t.View != "" && !c.mayView():
		return c.failed("forbidden", textNoAction)
	}
	if t.View != "" && !c.hasAccount() {
		return c.failed("forbidden", textNoAccount)
	}
	filter, refusal := c.filter(t, sub(c.args["filter"]))
	if refusal != "" {
		return c.failed("unsupportedFilter", refusal)
	}
	if sort, ok := c.args["sort"].([]any); ok && len(sort) > 0 {
		return c.failed("unsupportedSort", "Property "+str(sub(sort[0])["property"])+" is not supported for sorting")
	}
	return c.page(c.matching(t, filter))
}

func (c *call) page(ids []string) any {
	position, shown := int(num(c.args["position"])), []string{}
	if position < len(ids) {
		shown = ids[position:]
	} else {
		position = 0
	}
	if limit := int(num(c.args["limit"])); limit > 0 {
		shown = shown[:min(limit, len(shown))]
	}
	result := object{
		"accountId": c.accountID(), "queryState": "n", "canCalculateChanges": true,
		"position": float64(position), "ids": anyList(shown),
	}
	if yes(c.args["calculateTotal"]) {
		result["total"] = float64(len(ids))
	}
	return c.done(result)
}

func anyList(in []string) []any {
	out := make([]any, len(in))
	for i, v := range in {
		out[i] = v
	}
	return out
}

// filter flattens a filter into property and value, or says why it cannot.
func (c *call) filter(t *objectType, given object) (object, string) {
	if operator, ok := given["operator"]; ok {
		if operator != "AND" {
			return nil, "Only AND is supported in filters"
		}
		out := object{}
		conditions, _ := given["conditions"].([]any)
		for _, condition := range conditions {
			part, refusal := c.filter(t, sub(condition))
			if refusal != "" {
				return nil, refusal
			}
			merge(out, part)
		}
		return out, ""
	}
	for name := range given {
		if slices.Contains(t.Filters, name) {
			continue
		}
		if !c.x.s.knowsProperty(name) {
			return nil, name
		}
		return nil, "Filter on property " + name + " is not supported or invalid"
	}
	return given, ""
}

func (s *Server) knowsProperty(name string) bool {
	for _, t := range s.schema {
		if t.knows(name) {
			return true
		}
	}
	return false
}

func (c *call) matching(t *objectType, filter object) []string {
	all := c.x.s.store.ids(t.Name)
	if t.View != "" {
		all = c.credentialIDs(t.View)
	}
	out := []string{}
	for _, id := range slices.Backward(all) {
		o, ok := c.read(t, id)
		if ok && matches(o, filter) {
			out = append(out, id)
		}
	}
	return out
}

// matches compares exactly and with respect to case. "text" looks for a whole
// word in the name or description.
func matches(o, filter object) bool {
	for name, wanted := range filter {
		switch v := o[name].(type) {
		case object:
			if v[str(wanted)] != true {
				return false
			}
		default:
			if name == "text" && !slices.Contains(words(o), strings.ToLower(str(wanted))) || name != "text" && v != wanted {
				return false
			}
		}
	}
	return true
}

func words(o object) []string {
	text := strings.ToLower(str(o["name"]) + " " + str(o["description"]))
	return append(strings.Fields(text), str(o["name"]))
}
