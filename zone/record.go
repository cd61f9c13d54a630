package zone

import "time"

// Record is one resource record that is to be published.
type Record struct {
	Name  string        // absolute, lower case, without the dot at the end
	Type  string        // "MX", "TXT", "A", "AAAA", "CNAME", "TLSA", "CAA", "SRV", "PTR"
	TTL   time.Duration // whole seconds
	Value string        // presentation form; a TXT as one string without quotes, names without the dot at the end
	Why   string        // for people, one short sentence
}

// Kind tells records of one name and type apart where several purposes share them,
// and gives a metric its label: "spf", "dmarc", "dkim", "mx", "a", ...
type Kind string

// Answer is what one authoritative server says about a name and a type.
type Answer struct {
	Server   string        // host:port that was asked
	Code     string        // "NOERROR", "NXDOMAIN", "SERVFAIL", ...; "" where none came
	Values   []string      // in the form of [Record.Value]
	Negative time.Duration // how long its absence may be remembered (RFC 2308, section 5)
	Problem  string        // why there is no answer; never quotes a packet
}

// Verdict is what is found out about a record.
type Verdict string

// The verdicts.
const (
	Published Verdict = "Published" // every authoritative server answers with exactly this
	Missing   Verdict = "Missing"   // some server answers that there is none
	Mismatch  Verdict = "Mismatch"  // some server answers with another value
	Revoked   Verdict = "Revoked"   // a DKIM record with an empty p= (RFC 6376, section 3.6.1)
	Multiple  Verdict = "Multiple"  // more records than one may be there (SPF, DMARC, DKIM)
	NotDKIM   Verdict = "NotDKIM"   // what is there is no DKIM record
	TempError Verdict = "TempError" // some server did not answer, or failed
)
