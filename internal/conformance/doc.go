// Package conformance holds the client code of this project against mail
// servers, one suite for all of them: the stand-in of package stalwarttest in
// each version that it knows, and whatever real Stalwart is at hand.
//
// It answers two questions at once. Run against a real server, it proves that
// the rooms stalwart, stalwartsync, smtpprobe and dkimwatch are right about
// how Stalwart behaves, over real connections and real TLS. Run against the
// stand-in, it proves that the stand-in behaves the same in everything the
// product relies on, which is what makes all other tests worth something. Where
// the two differ, the stand-in is wrong.
//
// A scenario has three parties:
//
//   - The product: a Relay with a login of its own, so that one server serves all
//     scenarios one after the other. It speaks to the server through a tap that
//     counts what it asks for and writes.
//   - The operator: somebody else with the administrator's rights, who adds,
//     removes and breaks things behind the product's back, with plain requests
//     that share no code with the product.
//   - The server, which restarts, loses its data and comes back.
//
// TestStandIn always runs. TestReal runs with STALWART_BIN=/path/to/stalwart, or
// with the binary that make stalwart has put into the cache, else it is skipped
// and says so. Each server ends with one line:
//
//	conformance: stalwart 0.16.18 (real): 34 passed, 0 failed
package conformance
