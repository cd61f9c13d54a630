// Command acceptance shows that mail is accepted outside of the cluster, whatever
// becomes of the DKIM keys.
//
// Each row is an installation of its own on one shared control plane: a Stalwart, real
// or the stand-in; the controller as a process with the rights that it prints; and an
// outside world on loopback (package outside), whose authoritative name servers know
// only what the controller itself has published: by RFC 2136 into a real PowerDNS or BIND,
// from which it is transferred. Where neither is there, a reader of the dns-records ConfigMap
// stands in for it.
//
// First a console sends a PIN mail with nothing but the mirror Secret in hand: it must
// arrive over TLS with spf=pass, dkim=pass with both algorithms, and dmarc=pass. Then
// keys are rotated through all their stages at accelerated time while mail is sent all
// the time. Each mail is judged when it arrives, and again days later (simulated),
// with every name server. Then the DNS lies: no key may come into use meanwhile, and no
// mail may be lost. At last Stalwart loses its volume in the middle of a rotation.
//
// A mail without a valid signature, one with a key that some name server does not know,
// one that is lost or refused, or a key that comes into use while the DNS lies, ends in
// exit code 1. Times are only printed, with MISSED.
package main
