// Package resolver finds out what the public DNS says, without disturbing it.
//
// [Resolver.Answers] asks every authoritative server of the zone that holds a name,
// each address by itself, because "published" means that whoever asks gets this, no
// matter whom. What it gets is not cached and not logged; a server that is silent,
// lame, or says something that cannot be read has a Problem in the place of values.
//
// A recursive server remembers that a name is not there (RFC 2308), and one that
// follows RFC 8020 then denies everything below it. So it is never asked about a name
// that may not be published yet. It is asked for the name servers of the last two
// labels of a name ("omani.works"), beside which stand those that the zone above refers
// to: a registrar may have others, and resolvers go there. From there down the authoritative servers
// themselves are asked, and refer to those of a delegated zone (RFC 1034, section
// 4.3.2), whose NS records are there by then. A server that holds the zone above and
// the one below answers without a referral; the SOA tells which zone its answer is
// from, so that the other servers of that zone are asked too. A CNAME that leads out
// of the zone is followed in the same way.
//
// [Resolver.Lookup] asks the recursive server, about what is meant to be there: the
// address of a host, the name of an address.
//
// An address of a family that this machine has no route for (a Pod without IPv6) is
// left out where the same name server has another one: that is our lack, not its.
// A network that swallows IPv6 without a word needs [Config.Servers].
package resolver
