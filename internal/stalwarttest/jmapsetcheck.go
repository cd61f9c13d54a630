package stalwarttest

import (
	"maps"
	"slices"
	"strings"
)

// setRefusal compares the parts of the call with the caller's permissions.
func (c *call) setRefusal(t *objectType) string {
	held := map[string]bool{}
	for _, operation := range []string{"create", "update", "destroy"} {
		held[operation] = c.who.may("sys" + t.Name + strings.ToUpper(operation[:1]) + operation[1:])
	}
	if t.Name == "Bootstrap" {
		return ""
	}
	if !held["create"] && !held["update"] && !held["destroy"] || t.View != "" && !c.mayView() {
		return "You are not authorized to create, update or destroy objects of this type"
	}
	for _, operation := range []string{"create", "update", "destroy"} {
		if _, asked := c.args[operation]; asked && !held[operation] {
			return "You are not authorized to " + operation + " objects of this type"
		}
	}
	return ""
}

const textSingleton = "Singletons cannot be created or destroyed."

// malformed names the first argument that is no map.
func (c *call) malformed() string {
	for _, name := range []string{"create", "update"} {
		if v, given := c.args[name]; given && v != nil && sub(v) == nil {
			return "invalid type: expected a valid map for " + name
		}
	}
	return ""
}

// unknownKey refuses a property that the object does not have. In a new object
// a name that no object has is not even read as a name.
func (c *call) unknownKey(name, key string, creating bool) *setError {
	if creating && !c.x.s.knowsProperty(name) {
		return invalidPatch("", textUnknown)
	}
	return invalidPatch(key, textProperty)
}

// missingFields lists the required properties that nobody has set.
func missingFields(fields map[string]*property, o object) *setError {
	var missing []object
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		p := fields[name]
		switch {
		case p.Type == "ip" && p.Required && o[name] == nil:
			missing = append(missing, object{"type": "Invalid", "property": name, "value": "0.0.0.0"})
		case p.Required && o[name] == nil:
			missing = append(missing, object{"type": "Required", "property": name})
		case len(sub(o[name])) < p.MinLength:
			missing = append(missing, object{"type": "MinLength", "property": name, "required": p.MinLength})
		case p.Type == "list" && p.Of.Fields != nil:
			for _, item := range entries(o[name]) {
				if fault := missingFields(p.Of.Fields, item); fault != nil {
					missing = append(missing, fault.Validation...)
				}
			}
		}
	}
	if missing == nil {
		return nil
	}
	return &setError{Type: "validationFailed", Validation: missing}
}
