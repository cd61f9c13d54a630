// Package charts renders the charts of this repository as Helm does, so that tests can
// look at what comes out, and generates what is derived from them: the configuration's
// part of the values' schema, the tables of values in docs/, and the plain manifests
// for people without Helm.
//
// It is a module of its own: Helm brings two hundred others, and none of them is to
// enter the go.mod of the program.
package charts
