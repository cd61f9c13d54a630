// Command faults walks a table of target × fault on a whole installation: a real
// Kubernetes API with the RBAC that the program prints, the controller as a process
// of its own, and a Stalwart. Each row lets something go wrong, takes it away again
// (or not, where it must heal under the fault), and measures the time from that
// moment until everything is true again: all targets converged, the mirror right, the
// records right, and a login with the mirror's bytes accepted.
//
// Beside that a consumer logs in all the time with what the mirror holds, from an
// address of its own that Stalwart may ban, and the API server's audit log counts
// what the controller writes. A row is red where something does not heal, where a
// secret is shown, an address is banned, a consumer is refused although its
// credential was never taken away, a rejected credential is offered more than twice,
// or where writing does not end. A time that is late is said as MISSED and is not red.
//
// SHORT=1 leaves out what takes long; ROW=text walks only the rows whose name
// ("target: fault") has the text in it; COUNT=n walks each n times.
package main
