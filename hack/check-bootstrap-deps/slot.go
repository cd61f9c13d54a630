package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// slotFile is a file of the kit.
type slotFile struct {
	path     string
	number   int // from its name
	releases []release
	broken   bool // nothing is known of what is in it
}

// release is a HelmRelease.
type release struct {
	namespace, name string
	dependsOn       []reference
}

// reference names a HelmRelease that another waits for.
type reference struct {
	Name      string `yaml:"name"`
	Namespace string `yaml:"namespace"`
}

// defaultNamespace is where HelmReleases are that do not say where: the namespace of
// the Kustomization that applies the kit.
const defaultNamespace = "flux-system"

// notAnObjectError is a document that Kubernetes would not take.
type notAnObjectError struct {
	line int
	what string
}

func (e *notAnObjectError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.what) }

// parseSlot reads the HelmReleases of a slot file and passes over everything else.
// A HelmRelease is one by its kind, of whatever version.
func parseSlot(text []byte) ([]release, error) {
	var all []release
	documents := yaml.NewDecoder(bytes.NewReader(hide(text)))
	for {
		var document yaml.Node
		err := documents.Decode(&document)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		showAll(&document)
		for _, content := range document.Content {
			found, err := releasesOf(content)
			if err != nil {
				return nil, err
			}
			all = append(all, found...)
		}
	}
}

// releasesOf gives the HelmReleases of one object: itself, or the items of a List.
func releasesOf(n *yaml.Node) ([]release, error) {
	objects, err := flatten(n)
	if err != nil {
		return nil, err
	}
	var all []release
	for _, object := range objects {
		var head struct {
			Kind string `yaml:"kind"`
		}
		if err := object.Decode(&head); err != nil {
			return nil, err
		}
		if head.Kind != "HelmRelease" {
			continue
		}
		r, err := parseRelease(object)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// flatten gives the items of a List, and any other object as it is. Lists of Lists
// are not looked into: Kubernetes has none, and an anchor could make one endless.
func flatten(n *yaml.Node) ([]*yaml.Node, error) {
	if n.Tag == "!!null" {
		return nil, nil // only comments
	}
	if n.Kind != yaml.MappingNode {
		return nil, &notAnObjectError{n.Line, "not an object"}
	}
	var head struct {
		Kind string `yaml:"kind"`
	}
	if err := n.Decode(&head); err != nil {
		return nil, err
	}
	if !strings.HasSuffix(head.Kind, "List") {
		return []*yaml.Node{n}, nil
	}
	var list struct {
		Items []yaml.Node `yaml:"items"`
	}
	err := n.Decode(&list)
	var all []*yaml.Node
	for i := range list.Items {
		all = append(all, &list.Items[i])
	}
	return all, err
}

func parseRelease(n *yaml.Node) (release, error) {
	var object struct {
		Metadata reference `yaml:"metadata"`
		Spec     struct {
			DependsOn []reference `yaml:"dependsOn"`
		} `yaml:"spec"`
	}
	if err := n.Decode(&object); err != nil {
		return release{}, err
	}
	r := release{object.Metadata.Namespace, object.Metadata.Name, object.Spec.DependsOn}
	if r.namespace == "" {
		r.namespace = defaultNamespace
	}
	if r.name == "" {
		return r, &notAnObjectError{n.Line, "a HelmRelease without a name"}
	}
	for i, d := range r.dependsOn {
		if d.Name == "" {
			return r, &notAnObjectError{n.Line, fmt.Sprintf("%s: dependsOn[%d] has no name", r.name, i)}
		}
	}
	return r, nil
}
