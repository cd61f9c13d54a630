// Package rig is a whole installation on one machine: a real Kubernetes API, a
// mail server, and the controller as a process of its own that runs as its
// ServiceAccount, with exactly the rights that `smtp-mirror rbac` prints.
//
// The demo, the integration tests and the benchmark stand on it, so what they
// show is one and the same thing. Stalwart is the real one where a binary can be
// had, else the stand-in; whoever uses the rig says which.
package rig
