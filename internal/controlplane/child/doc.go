// Package child runs the real servers that tests talk to: etcd, a
// kube-apiserver, a Stalwart.
//
// A test that is interrupted must not leave servers behind, so every process
// started here dies with its parent. Linux offers that as the parent-death
// signal, with a trap: "parent" there is the operating system THREAD that
// forked, and the Go runtime ends threads when it likes. Each process
// therefore has a goroutine of its own that is locked to its thread for as long as
// the process lives.
//
// Processes are ended by the PID that this package started, never by name.
// The last lines of output are kept, so that an error can say why a server
// ended instead of only that it did.
package child
