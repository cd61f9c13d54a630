package stalwarttest

import (
	"fmt"
	"strings"
)

// setError is the reason why one object was not created, updated or destroyed.
type setError struct {
	Type        string      `json:"type"`
	Description string      `json:"description,omitempty"`
	Properties  []string    `json:"properties,omitempty"`
	ObjectID    *objectRef  `json:"objectId,omitempty"`
	Linked      []objectRef `json:"linkedObjects,omitempty"`
	Validation  []object    `json:"validationErrors,omitempty"`
}

type objectRef struct {
	Object string `json:"object"`
	ID     string `json:"id"`
}

func invalidPatch(at, text string) *setError {
	return &setError{Type: "invalidPatch", Description: text, Properties: []string{at}}
}

func invalidProperties(text string, properties ...string) *setError {
	return &setError{Type: "invalidProperties", Description: text, Properties: properties}
}

func enumError(p *property, v any, at string) *setError {
	first := strings.ToUpper(p.Enum[0][:1]) + p.Enum[0][1:]
	return invalidPatch(at, fmt.Sprintf("Invalid value Str(%q) for enum type %s.", str(v), first))
}
