// Package dnsrecords holds the nouns of the mail domain's DNS: the DKIM key
// record (RFC 6376, RFC 8463) in the forms that people and tools paste, and the
// two documents of the dns-records ConfigMap.
//
// records.json belongs to many: the chart renders it, the DNS automation parses
// it, and we own three of its members. So it is never decoded and encoded again; it is
// spliced. Every byte outside of our members, the order of the keys and the white
// space stay as they are, and a document that already says the right thing is
// returned as the same bytes (splice.go). README.md is for people; we own two blocks,
// each between two markers.
package dnsrecords
