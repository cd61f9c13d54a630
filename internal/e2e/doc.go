// Package e2e holds the integration tests: the shipped program, as a process of
// its own, under the rights that it prints itself, against a real Kubernetes API
// and a mail server that misbehaves on demand.
//
// There is nothing here but tests. Each builds a site: namespaces, a stand-in for
// Stalwart, a ServiceAccount and a configuration of its own on a control plane that
// all of them share; those that stop the API server or its store have one for
// themselves. They look only at what an operator can see, too: objects, Events,
// /status, /metrics, the log, exit codes, and what arrived at the mail server.
//
// The list is the table "bad input and bad weather": for every kind of trouble the
// reason that must be named, what must not have been touched, and how soon it must
// be well again. Every site ends with the canary: none of its secrets, in plain
// text or as it travels, may stand in anything that the program has shown.
//
// Nothing waits for a fixed time. A test polls for a condition with a generous
// limit, except where the number itself is the promise.
package e2e
