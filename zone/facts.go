package zone

import (
	"net/netip"
	"time"
)

// Facts are what the records of a mail domain follow from. What is left empty has no
// record, unless a default is named. Where a fact is not known at the moment (the
// LoadBalancer has no address yet), leave it empty: [Records] then says nothing about
// it, and nothing is taken back.
type Facts struct {
	Domain    string       // the mail domain
	MailHost  string       // default mail.<Domain>
	Addresses []netip.Addr // of the LoadBalancer; their order does not matter
	Keys      []Key

	SPFSenders  []string // who sends beside the mail host, as [ParseSender] reads it; others are left out
	SPFPolicy   string   // how the SPF record ends; default "~all"
	DMARCPolicy string   // none, quarantine or reject; default quarantine
	DMARCReport string   // where DMARC reports go: addresses or URIs, with commas; default postmaster@<Domain>
	TLSReport   string   // where TLS reports go (RFC 8460), likewise: without a word to postmaster@<Domain>

	PolicyHost string        // who serves https://mta-sts.<Domain>; "" no MTA-STS
	PolicyMode string        // testing, enforce or none; default testing
	PolicyAge  time.Duration // max_age of the policy; default a week

	TLSKeys    []string // of the certificates that the mail host serves, now and next: [SPKIHash]
	CAAIssuers []string // who may issue for the mail host, e.g. "letsencrypt.org"

	Submission  uint16 // port with STARTTLS for clients (587); 0: none is announced
	Submissions uint16 // port with TLS (465); 0: none is announced

	TTL time.Duration // default [DefaultTTL]
}

// Key is the public half of a DKIM key.
type Key struct {
	Selector  string
	Algorithm string // "rsa-sha256" or "ed25519-sha256"; "rsa" and "ed25519" will do
	PublicKey string // base64, as it stands in p=
	Stage     string // pending, active, retiring, retired (Stalwart's words); others have no record
}

// stages orders keys that share a selector, which can have one record only: the one
// that receivers need most comes first.
var stages = []string{"active", "retiring", "pending", "retired"} //nolint:gochecknoglobals // a constant list
