// Package config is the configuration file: its shape, its defaults, and what
// makes it invalid.
//
// Only the domain is required. An unknown key is an error that names it, because a
// misspelled key that is silently ignored is a feature that is silently off; the
// same goes for a key that stands twice. Whatever is accepted here can be run.
package config
