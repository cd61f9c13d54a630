// Package statesecret keeps what a reconciler has to remember in a Secret of ours.
// Every write carries the version that was read: two who write at once cannot both
// succeed, and whoever is late has to look again.
package statesecret
