// Package dnstest is name servers for tests and for programs on the rig: real UDP and
// TCP on a loopback address, zones from memory, and every lie that a resolver must
// survive.
//
//	primary, err := dnstest.Start(ctx, "127.0.0.1:0")
//	err = primary.SetZone("example.com",
//		"@ NS ns1", "ns1 A 127.0.0.1", "@ 60 TXT \"v=spf1 -all\"")
//	secondary, err := dnstest.Start(ctx, "127.0.0.2:0")
//	secondary.Follow(primary)         // the same zones, until
//	secondary.Freeze()                // it is a stale secondary
//	primary.Lie(dnstest.ServFail)     // every answer is SERVFAIL, until
//	primary.Lie()                     // it is honest again
//
// An honest server answers like an authoritative one: AA, the SOA with a negative
// answer, a referral below a delegation, CNAMEs followed within its own zones, REFUSED
// for other people's names, TC where UDP is too small. It knows no wildcards and signs
// nothing. After [Server.Recurse] it is a recursive server without a cache, which
// gets what other servers say, lies included, without a socket between.
//
// Each question is remembered ([Server.Queries]), so that a test can say who was
// asked about what, and who never was. [Dialer] leads the addresses that NS records
// give, whose port is always 53, to the ports that the servers really have.
package dnstest
