// Package publish brings the records that a mail domain needs into the public DNS, for
// whoever does not do it by hand. There are three ways, each optional, each with
// credentials of its own, each with a dry run:
//
//   - [DNSEndpoints] writes DNSEndpoint objects, which external-dns publishes;
//   - [DNSUpdate] updates a zone by RFC 2136 with TSIG;
//   - [PTR] sets reverse names in the Hetzner Cloud.
//
// All three promise the same. What is equal is not written again. What was written is
// read back. Where nothing is wanted yet, nothing is touched. Only what we own is
// changed, and ownership is recorded where the record is, not in our memory:
//
//   - a DNSEndpoint carries labels; one of somebody else for the same name and type is
//     reported, and ours is not written beside it;
//   - in a zone, the TXT records of OWNER._smtp-mirror.ZONE name every record that is
//     ours by type, name and digest. One name for all of them, instead of one beside
//     each, because it makes no name exist that a wildcard answers for, needs no place
//     beside a CNAME, and tells what to remove without a transfer of the zone. Record
//     and mark change in one update, which the server takes only while both are as
//     they were read;
//   - a reverse name is replaced where there is none, or the provider's own. Nothing
//     records that another one is ours: an old name of ours is reported too.
//
// A record of somebody else is never overwritten. An SPF or DMARC of somebody else is
// reported with the merged value to set by hand, until he has: what is as good as ours
// by zone.Judge is no trouble, and ours is not written beside it. One exception: in the TXT of a DKIM
// selector that is ours by its mark, other values are removed, because nobody else can
// have a reason to be there.
//
// What external-dns has to be told: --source=crd and --managed-record-types for each of
// A, AAAA, MX, TXT, SRV, CNAME, as only addresses and CNAME are its default. It knows
// no TLSA and no CAA. It has to be allowed to delete (--policy=sync). Some of its
// releases lose updates of a TXT in place. So a selector is an object of its own: a
// rotation makes objects and does not change them. The one value of a key that changes,
// when it is revoked, goes by a deletion: the object is made anew when no name server
// has the old bytes any more. Every other TXT (SPF, DMARC) is changed in place, because
// mail must not find it missing; the truth tells whether that was lost.
//
// Rights. DNSEndpoints: list, create, patch, delete on dnsendpoints of
// externaldns.k8s.io in its namespace (selectors change, so no names can bound them);
// whether the kind is served is told by the answer to list. DNSUpdate and PTR: get,
// list, watch on their one Secret, by name. The TSIG key needs updates of the zone, or
// (BIND, update-policy) of the names and types that are published and of TXT at
// OWNER._smtp-mirror.ZONE. A token of Hetzner cannot be bounded further than to read
// and write one project.
package publish
