// Package doctor answers one question: will the outside accept my mail?
//
// It looks at everything that decides this, from the outside where that is possible:
// the records that the authoritative servers give, SPF as a receiver evaluates it for
// the address that mail leaves from, the key bytes of every DKIM selector against
// those that Stalwart signs with, DMARC's alignment, MX, the name of the address and
// back, the certificates that are served, the way out through port 25, Stalwart's own
// throttles, the controller's rights, and what the consumers hold.
//
// A [Check] gives [Finding]s; each has a verdict, what was wanted, what was got, and
// what to do. All checks run at once within ten seconds ([Run]), whatever hangs; what
// did not answer is unknown, never right. Judgements are pure functions (verdict.go,
// decide.go, certificate.go, signing.go and hosts.go); only the files named after what
// they look at ask anybody, and what one check has asked the others know (share.go).
// Nothing is changed anywhere, and no finding shows a secret.
package doctor
