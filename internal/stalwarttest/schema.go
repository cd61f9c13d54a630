package stalwarttest

import (
	"embed"
	"encoding/json"
	"strings"
)

//go:embed data
var embedded embed.FS

// dataFile reads a file of the package that is part of the binary.
func dataFile(name string) []byte {
	text, err := embedded.ReadFile("data/" + name)
	if err != nil {
		panic("stalwarttest: " + err.Error())
	}
	return text
}

// property says what one field of a registry object accepts and how a patch
// below it is applied.
type property struct {
	Type      string
	Of        *property // element of a list
	Ref       string    // object named by an id, or kind of key of a set
	Fields    map[string]*property
	Variants  map[string]map[string]*property
	Enum      []string
	Default   any
	Required  bool
	NonEmpty  bool
	Nullable  bool
	MinLength int
	Server    bool // set by the server, read only for clients
}

// UnmarshalJSON reads the long form, an object, and the short form: a type name
// followed by "!" (required) or "@" (set by the server).
func (p *property) UnmarshalJSON(text []byte) error {
	if text[0] == '"' {
		var short string
		if err := json.Unmarshal(text, &short); err != nil {
			return err
		}
		p.Type = strings.TrimRight(short, "!@")
		p.Required = strings.HasSuffix(short, "!")
		p.Server = strings.HasSuffix(short, "@")
		return nil
	}
	var long struct {
		T         string                          `json:"t"`
		Of        json.RawMessage                 `json:"of"`
		F         map[string]*property            `json:"f"`
		V         map[string]map[string]*property `json:"v"`
		Enum      []string                        `json:"enum"`
		D         any                             `json:"d"`
		Required  bool                            `json:"required"`
		NonEmpty  bool                            `json:"nonempty"`
		Nullable  bool                            `json:"nullable"`
		MinLength int                             `json:"minlength"`
	}
	if err := json.Unmarshal(text, &long); err != nil {
		return err
	}
	*p = property{
		Type: long.T, Fields: long.F, Variants: long.V, Enum: long.Enum,
		Default: long.D, Required: long.Required, NonEmpty: long.NonEmpty,
		Nullable: long.Nullable, MinLength: long.MinLength,
	}
	if len(long.Of) == 0 {
		return nil
	}
	if long.T == "list" {
		return json.Unmarshal(long.Of, &p.Of)
	}
	return json.Unmarshal(long.Of, &p.Ref)
}

// objectType is one kind of registry object.
type objectType struct {
	Name         string                          `json:"-"`
	IDs          string                          `json:"ids"`
	Singleton    bool                            `json:"singleton"`
	ReadOnly     bool                            `json:"readonly"`
	View         string                          `json:"view"` // entries of an account's credentials
	Filters      []string                        `json:"filters"`
	Unfilterable []string                        `json:"unfilterable"`
	Props        map[string]*property            `json:"props"`
	Variants     map[string]map[string]*property `json:"variants"`
}

func loadSchema() map[string]*objectType {
	var schema map[string]*objectType
	if err := json.Unmarshal(dataFile("objects.json"), &schema); err != nil {
		panic("stalwarttest: objects.json: " + err.Error())
	}
	for name, t := range schema {
		t.Name = name
	}
	return schema
}

// fields returns the properties that an object of this type has.
func (t *objectType) fields(o object) map[string]*property {
	if t.Variants != nil {
		return t.Variants[str(o["@type"])]
	}
	return t.Props
}

// knows tells whether any object of the type has a property of that name.
func (t *objectType) knows(name string) bool {
	if _, ok := t.Props[name]; ok || name == "id" || name == "@type" {
		return true
	}
	for _, fields := range t.Variants {
		if _, ok := fields[name]; ok {
			return true
		}
	}
	for _, other := range t.Unfilterable {
		if other == name {
			return true
		}
	}
	return false
}

// blank is the value of a property that nobody has set.
func (p *property) blank() any {
	switch p.Type {
	case "object":
		return p.blankObject(p.Fields)
	case "variant":
		return p.blankVariant()
	}
	if p.Default != nil {
		return clone(p.Default)
	}
	switch p.Type {
	case "set", "list":
		return object{}
	case "bool":
		return false
	}
	return nil
}

func (p *property) blankObject(fields map[string]*property) object {
	out := make(object, len(fields))
	for name, field := range fields {
		if field.Type != "hidden" {
			out[name] = field.blank()
		}
	}
	for name, v := range sub(p.Default) {
		out[name] = clone(v)
	}
	return out
}

func (p *property) blankVariant() any {
	kind := str(sub(p.Default)["@type"])
	if kind == "" {
		return nil
	}
	out := p.blankObject(p.Variants[kind])
	out["@type"] = kind
	return out
}
