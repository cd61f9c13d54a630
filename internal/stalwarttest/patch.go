package stalwarttest

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const (
	textBadValue  = "Invalid value for object property"
	textBadKey    = "Invalid key for object property"
	textBadType   = "Invalid value type for object"
	textNoType    = "Missing or invalid '@type' property in object"
	textUnknown   = "Invalid key for object"
	textProperty  = "Invalid property"
	textServerSet = "Cannot modify server set property"
	textEmpty     = "Invalid value for property."
)

// patcher applies client values to stored ones: a list or a set given as a whole
// and an object with "@type" are replaced, an object without one is merged.
type patcher struct {
	edition edition
	perms   map[string]bool // names of permissions
}

// apply returns old with v written at the path below it. at names the property
// for the error: the key of the patch, then field names, never list positions.
func (pt *patcher) apply(p *property, old any, path []string, v any, at string) (any, *setError) {
	switch p.Type {
	case "set":
		return pt.applySet(p, old, path, v, at)
	case "list":
		return pt.applyList(p, old, path, v, at)
	case "object", "expr":
		return pt.applyObject(p, old, path, v, at)
	case "variant":
		return pt.applyVariant(p, old, path, v, at)
	}
	if len(path) == 0 {
		return pt.scalar(p, v, at)
	}
	if p.Type != "any" {
		return nil, invalidPatch(at, textUnknown)
	}
	return withEntry(sub(old), strings.Join(path, "/"), v), nil
}

func (pt *patcher) applySet(p *property, old any, path []string, v any, at string) (any, *setError) {
	if len(path) == 0 {
		return pt.wholeSet(p, v, at)
	}
	key := strings.Join(path, "/")
	if pt.edition.digitKeyFails && isDigits(key) {
		return nil, invalidPatch(at, textBadValue)
	}
	if !pt.validKey(p, key) {
		return nil, invalidPatch(at, textBadKey)
	}
	out := cloneObject(sub(old))
	if v == nil || v == false {
		delete(out, key)
	} else {
		out[key] = true
	}
	return out, nil
}

func (pt *patcher) wholeSet(p *property, v any, at string) (any, *setError) {
	given, ok := v.(object)
	if !ok {
		return nil, invalidPatch(at, textBadValue)
	}
	out := object{}
	for key, on := range given {
		if !pt.validKey(p, key) {
			return nil, invalidPatch(at, textBadKey)
		}
		if p.Ref == "domain" {
			key = strings.ToLower(key)
		}
		if on == true {
			out[key] = true
		}
	}
	return out, nil
}

func (pt *patcher) validKey(p *property, key string) bool {
	switch p.Ref {
	case "permission":
		return pt.perms[key]
	case "domain":
		return pt.validDomain(strings.ToLower(key))
	case "socket":
		_, err := netip.ParseAddrPort(key)
		return err == nil
	case "event":
		group, _, found := strings.Cut(key, ".")
		return found && slices.Contains(eventGroups(), group)
	}
	return true
}

// eventGroups are the first parts of the names of events, as far as needed here.
func eventGroups() []string {
	return strings.Fields(`server auth smtp security dkim spf dmarc arc tls acme queue delivery dns store registry
		message-ingest imap jmap http network limit telemetry webhook cluster housekeeper task-manager account manage`)
}

func (pt *patcher) applyList(p *property, old any, path []string, v any, at string) (any, *setError) {
	if len(path) == 0 {
		return pt.wholeList(p, v, at)
	}
	position, err := strconv.Atoi(path[0])
	if err != nil {
		return nil, invalidPatch(at, textBadKey)
	}
	items := entries(clone(old))
	exists := position < len(items)
	if v == nil && (len(path) == 1 || pt.edition.nullDrops) && (exists || !pt.edition.nullDrops) {
		// Up to 0.16.4 this is reached with any path below the position.
		if !exists {
			return nil, invalidPatch(at, textBadValue)
		}
		return indexMap(slices.Delete(items, position, position+1)), nil
	}
	current := p.Of.blank()
	if exists {
		current = items[position]
	}
	changed, fault := pt.apply(p.Of, current, path[1:], v, at)
	if fault != nil {
		return nil, fault
	}
	if exists {
		items[position] = sub(changed)
	} else {
		items = append(items, sub(changed))
	}
	return indexMap(items), nil
}

func (pt *patcher) wholeList(p *property, v any, at string) (any, *setError) {
	given, ok := v.(object)
	if !ok {
		return nil, invalidPatch(at, textBadValue)
	}
	for key := range given {
		if _, err := strconv.Atoi(key); err != nil {
			return nil, invalidPatch(at, textBadKey)
		}
	}
	items := []object{}
	for _, raw := range entries(given) {
		item, fault := pt.apply(p.Of, p.Of.blank(), nil, any(raw), at)
		if fault != nil {
			return nil, fault
		}
		items = append(items, sub(item))
	}
	return indexMap(items), nil
}

func (pt *patcher) applyObject(p *property, old any, path []string, v any, at string) (any, *setError) {
	out := cloneObject(sub(old))
	fields := p.Fields
	if p.Type == "expr" {
		fields = expressionFields()
	}
	if len(path) > 0 {
		return pt.field(fields, out, path, v, at)
	}
	if v == nil && p.Nullable {
		return nil, nil
	}
	given, ok := v.(object)
	if !ok {
		return nil, invalidPatch(at, textBadType)
	}
	return pt.merge(fields, out, given, at)
}

func (pt *patcher) merge(fields map[string]*property, out, given object, at string) (any, *setError) {
	for name, v := range given {
		if name == "@type" {
			continue
		}
		field, ok := fields[name]
		if !ok {
			return nil, invalidPatch(at, textUnknown)
		}
		if field.Server {
			return nil, invalidPatch(at+"/"+name, textServerSet)
		}
		changed, fault := pt.apply(field, out[name], nil, v, at+"/"+name)
		if fault != nil {
			return nil, fault
		}
		out[name] = changed
	}
	return out, nil
}

func (pt *patcher) field(fields map[string]*property, out object, path []string, v any, at string) (any, *setError) {
	field, ok := fields[path[0]]
	if !ok {
		return nil, invalidPatch(at, textProperty)
	}
	if field.Server {
		return nil, invalidPatch(at, textServerSet)
	}
	changed, fault := pt.apply(field, out[path[0]], path[1:], v, at)
	if fault != nil {
		return nil, fault
	}
	out[path[0]] = changed
	return out, nil
}

func (pt *patcher) applyVariant(p *property, old any, path []string, v any, at string) (any, *setError) {
	if len(path) == 1 && path[0] == "@type" {
		return clone(old), nil // accepted and without effect
	}
	if len(path) > 0 {
		out := cloneObject(sub(old))
		return pt.field(p.Variants[str(out["@type"])], out, path, v, at)
	}
	given, _ := v.(object)
	kind := str(given["@type"])
	fields, ok := p.Variants[kind]
	if !ok {
		return nil, invalidPatch(at, textNoType)
	}
	fresh := &property{Type: "variant", Default: object{"@type": kind}, Variants: p.Variants}
	return pt.merge(fields, sub(fresh.blank()), given, at)
}

// expressionFields is the shape of {"match":{"0":{"if","then"}},"else"}.
func expressionFields() map[string]*property {
	text := &property{Type: "string"}
	rule := &property{Type: "object", Fields: map[string]*property{"if": text, "then": text}}
	return map[string]*property{"match": {Type: "list", Of: rule}, "else": text}
}

func isDigits(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsDigit(r) }) < 0
}
