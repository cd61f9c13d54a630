// Package hetznertest is a stand-in for the part of the Hetzner Cloud API that has to
// do with reverse names: what has an address, and the action that changes its name.
//
// There is no such API on a test's machine, so this follows the public reference
// (https://docs.hetzner.cloud): pages of 50 at the most, a running action that is done
// after it was asked about, errors as {"error": {"code", "message"}}. It can fail in
// all the ways that the reference lists, and it counts what was written.
package hetznertest
