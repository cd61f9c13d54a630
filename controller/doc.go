// Package controller is the composition root: it turns a configuration into
// feeds, reconcilers and the routes between them, and runs them.
//
//	feeds, directories, knocker, pulse ──► Source ──► routes ──► watcher.Loop ──► relay, mirror, dkim-record
//
// Everybody watches, one writes: the feeds run in every replica, so that a
// standby is warm; the loop runs only while the Lease is held. There is no state
// that is not in the cluster or in Stalwart, so a new leader, a restart or a new
// configuration simply looks again.
package controller
