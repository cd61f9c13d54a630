// Package stalwart is a client of Stalwart's management API, in both generations
// that are in the field: 0.15 speaks REST (/api/principal, /api/settings), 0.16
// speaks JMAP (RFC 8620) with objects of its own (x:Account, x:Domain ...).
//
// The two have nothing in common but what they manage, so the package offers one
// [Directory] in the nouns of mail, and [Detect] finds out by behaviour which of
// the two is listening: users upgrade under us, version numbers lie (a fork calls
// itself 0.16 and speaks the API of 0.15), and nothing in the API of 0.16 tells
// its version at all.
//
// What the servers really do, and what this client therefore does:
//
//   - A 200 is no success. 0.15 answers {"error": ...} with status 200, 0.16 puts
//     method errors and object errors into a 200. Every answer is searched for
//     both, and whoever writes reads back.
//   - A wrong password is dangerous: Stalwart bans an address, and a login name,
//     after 100 failures a day, by default for ever. The [Gate] stands before every
//     request that carries a credential.
//   - Bodies are secrets: 0.16 echoes a request it cannot parse, password included,
//     and 0.15 shows the private key of a duplicate DKIM key. No body is ever put into
//     an error; only decoded fields are, and those are scrubbed.
//   - A body is anything: a proxy's HTML, half a JSON document, a gigabyte. Sizes and
//     times are bounded, redirects are not followed.
package stalwart
