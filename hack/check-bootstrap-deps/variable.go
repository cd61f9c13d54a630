package main

import (
	"encoding/hex"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// variable is what Flux substitutes: ${NAME}, with a default or another operation
// on it. Quotes end it, because they belong to the YAML around it.
var variable = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*(?:[-:=+/#%^,][^{}\n"']*)?\}`)

// hidden is a variable while YAML is parsed: its bytes in hex between two characters
// of Unicode's private area.
var hidden = regexp.MustCompile("\uE000([0-9a-f]+)\uE001")

// hide makes every variable a word that YAML takes in any place where a scalar may
// stand: the braces of a bare ${A} would start a mapping in [${A}], and its default
// may have a colon.
func hide(text []byte) []byte {
	return variable.ReplaceAllFunc(text, func(v []byte) []byte {
		return []byte("\uE000" + hex.EncodeToString(v) + "\uE001")
	})
}

// show is the inverse of hide.
func show(text string) string {
	return hidden.ReplaceAllStringFunc(text, func(h string) string {
		v, err := hex.DecodeString(hidden.FindStringSubmatch(h)[1])
		if err != nil || !variable.Match(v) {
			return h // not ours
		}
		return string(v)
	})
}

// showAll gives every scalar below a node its variables back.
func showAll(n *yaml.Node) {
	n.Value = show(n.Value)
	for _, child := range n.Content {
		showAll(child)
	}
}
