package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// list is what is declared: slots is nil where nothing could be read.
type list struct {
	path  string
	slots []slot
}

// slot is one line of the list.
type slot struct {
	number    int
	name      string
	dependsOn []string
}

// listError is a list that contradicts itself or is no list.
type listError struct{ what string }

func (e *listError) Error() string { return e.what }

// number reads 08 as eight and 010 as ten, which YAML does not.
type number int

func (n *number) UnmarshalYAML(node *yaml.Node) error {
	i, err := strconv.Atoi(node.Value)
	if err != nil {
		return &listError{fmt.Sprintf("line %d: slot %q is not a number", node.Line, node.Value)}
	}
	*n = number(i)
	return nil
}

// parseList reads the list. Its waves are for people: what the order is follows from
// the edges.
func parseList(path string, text []byte) (list, error) {
	var document struct {
		Slots []struct {
			Slot      *number  `yaml:"slot"`
			Name      string   `yaml:"name"`
			DependsOn []string `yaml:"depends_on"`
		} `yaml:"slots"`
	}
	documents := yaml.NewDecoder(bytes.NewReader(text))
	err := documents.Decode(&document)
	if errors.Is(err, io.EOF) || err == nil && document.Slots == nil {
		return list{}, &listError{"no slots"}
	}
	if err != nil {
		return list{}, err
	}
	if err := documents.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return list{}, &listError{"more than one document"}
	}
	all := list{path, []slot{}}
	for i, s := range document.Slots {
		if s.Slot == nil || s.Name == "" {
			return list{}, &listError{fmt.Sprintf("entry %d, %q: both a slot and a name are needed", i+1, s.Name)}
		}
		all.slots = append(all.slots, slot{int(*s.Slot), s.Name, s.DependsOn})
	}
	if err := all.check(); err != nil {
		return list{}, err
	}
	return all, nil
}

// check finds everything that makes the list useless for comparing: it must say one
// thing of every number and of every name.
func (l list) check() error {
	var all []error
	names, numbers := map[string]int{}, map[int]string{}
	for _, s := range l.slots {
		if other, twice := numbers[s.number]; twice {
			all = append(all, &listError{fmt.Sprintf("slot %d is both %s and %s", s.number, other, s.name)})
		}
		if other, twice := names[s.name]; twice {
			all = append(all, &listError{fmt.Sprintf("%s is both slot %d and slot %d", s.name, other, s.number)})
		}
		names[s.name], numbers[s.number] = s.number, s.name
	}
	return errors.Join(all...)
}

// numbered gives the slot of a number, named that of a name.
func (l list) numbered(n int) (slot, bool) { return l.find(func(s slot) bool { return s.number == n }) }
func (l list) named(n string) (slot, bool) { return l.find(func(s slot) bool { return s.name == n }) }

func (l list) find(is func(slot) bool) (slot, bool) {
	for _, s := range l.slots {
		if is(s) {
			return s, true
		}
	}
	return slot{}, false
}
