// Package sbom writes what is in a binary as SPDX 2.3. It takes the list of
// modules from the binary's own build information, not from go.mod, which also
// names what only tests use. The same binary gives the same bytes: the one date
// that SPDX demands is the epoch, and names are made from digests.
package sbom
