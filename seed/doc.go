// Package seed makes a Stalwart 0.16 ready before its first normal start.
//
// An empty store makes Stalwart choose for itself: it binds ports of its own choice (587 is
// not among them), logs into a file, and fetches its web interface from the Internet before
// any port opens, which takes a minute where packets are dropped (observed on 0.16.3 and
// 0.16.18). What decides this lies in its store, and can be written in recovery mode only
// without a second start. So in the Pod, before Stalwart itself, an init container of the
// same image runs
//
//	smtp-mirror seed --config FILE -- /usr/local/bin/stalwart --config /etc/stalwart/config.json
//
// which starts Stalwart in recovery mode as its child, writes the difference over loopback,
// reads it back, and stops it again. It runs at every start of the Pod: what is there already
// is left alone, and a volume that was lost is seeded anew. [Plan] is pure.
//
// It makes no domain and no account: these are the controller's, which proves them.
package seed
