// Package crowd is the consumers of a credential, as they are in life: Pods of
// Deployments, each of which reads a Secret when it starts, keeps those bytes until
// it ends, and logs in with them as often as Stalwart's shipped throttle allows.
//
// Each Pod dials from an address of its own, 127.0.0.2 upwards: 127.0.0.1 is the one
// that Stalwart never bans. A login is told apart by what it means: refused (a 4xx
// or 5xx to AUTH or MAIL), throttled (closed before the greeting), or neither
// (nobody there, broken on the way). A Pod that is told to end goes on logging in
// for a moment, as one does that finishes its work.
//
// Flux stands in for whatever renders the mirror into another Secret, late.
package crowd
