// Package dnsservers starts real authoritative name servers for tests, from an empty
// directory, on the loopback interface: PowerDNS with SQLite, and BIND.
//
// A stand-in that we write would prove that we agree with our own reading of RFC 2136.
// The two real ones disagree with each other in many details (which errors they
// answer with, how they compare a TXT record, when a change is to be seen), and what
// updates a zone has to work with both.
//
// The programs come from Debian's packages; hack/install-dnsservers.sh unpacks them
// into the cache directory without installing anything. Where they are not there,
// Start says [ErrUnavailable], and a test skips with that as its reason.
//
// Each server has a directory, a port and a process of its own, ends with Close by
// its process ID, and dies with the test that started it.
package dnsservers
