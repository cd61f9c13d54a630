// Package dkimwatch keeps the dns-records ConfigMap true to the DKIM keys that
// Stalwart really holds.
//
// The DNS automation publishes what records.json says, and receivers verify
// against what is published; so the document must follow the keys, whoever makes
// or replaces them: Stalwart itself when a domain is created or a volume was lost,
// an administrator, an upgrade of the chart that blanks the field again.
//
// Keys come from two sources. Stalwart tells its public keys and their stages. A
// mounted directory (a Secret as files) may hold private keys that somebody wants to
// be used; only their public half ever leaves this package (mounted.go). A mounted
// key that Stalwart does not hold is recorded as pending: it may be published, but
// nothing is signed with it yet.
//
// The ConfigMap has many writers. It is read, edited by splicing (package
// dnsrecords), and updated with the resource version that was read: a writer in
// between makes the update fail, and the edit is done again on what he wrote.
package dkimwatch
