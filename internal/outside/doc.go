// Package outside is the world outside of a cluster, on the loopback interface: who
// receives the mail, and the public DNS that he asks.
//
// The [DNS] is several authoritative name servers, a primary and secondaries, each with
// a state of its own. They know what was published ([DNS.Publish]) and what outsiders
// have published themselves ([DNS.Keep]), and nothing else. A server can be stale, lie,
// answer SERVFAIL or be gone, and tells since when it knows a record.
//
// The [MTA] is a receiving mail server with STARTTLS. It judges each mail when it
// arrives, and again a while later, as a receiver does that was down for days: SPF for
// the connecting address (blitiri.com.ar/go/spf), every DKIM signature (go-msgauth,
// rsa-sha256 and ed25519-sha256), DMARC with alignment. A real receiver asks any one of
// the name servers, so a signature holds only if it holds with each one that answers.
//
// Nothing here is of the product: the verifiers are other people's libraries, and the
// records reach the name servers as text, as a DNS provider would take them.
package outside
