// Package zone holds what a mail domain must publish in the DNS, and judges what is
// published. It is pure: nothing here asks anybody, that is package resolver.
//
// [Records] is one function from the [Facts] of a domain (its names, addresses, DKIM
// keys, certificates, policies) to its records. Each has a value in presentation form
// (RFC 1035, section 5.1) without quotes and chunks, and says for people why it is
// there. [FromRR], [ParseBind] and [Unquote] read records from a message, a zone file
// and a provider's form into that one form; [Record.RR], [Record.Bind] and [Quote]
// write them, so that comparing means comparing values.
//
// [Judge] compares one record with what every authoritative server answers, in the
// sense that the record has for those who use it: a DKIM key by its bytes, an SPF
// record by its terms. Somebody else's SPF or DMARC record is never to be overwritten;
// [MergeSPF] and [MergeDMARC] say what a person should set by hand, and Judge accepts
// that afterwards. [NextLook] says when to ask again, and [Page] tells people all of it.
//
// What others publish may be anything: it reaches documents through [Shown] only.
package zone
