// Package zone holds what a mail domain must publish in the DNS, and judges what is
// published.
//
// [Records] is one pure function from the facts of a domain (its names, addresses,
// DKIM keys, certificate, policies) to its records. Each has a value in presentation
// form (RFC 1035, section 5.1) without quotes and chunks, and says for people why it
// is there. [Judge] compares one record with what the authoritative servers answer.
// Printers give a value as a provider's form, a zone file or a wire wants it, and
// parsers read them back. Nothing here asks anybody: that is package resolver.
package zone
