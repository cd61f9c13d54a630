package audit

import "time"

// DNSRecord is a record as the outside sees it. Record is its label, State a verdict,
// "" where nobody has looked yet.
type DNSRecord struct {
	Record, State string
	Published     time.Time // last seen so; zero = never
}

// DNS replaces the series of the DNS: a record that is not wanted any more has none.
func (m *Metrics) DNS(records []DNSRecord) {
	m.dnsState.Reset()
	m.dnsSeen.Reset()
	for _, r := range records {
		if r.State != "" {
			m.dnsState.WithLabelValues(r.Record, r.State).Set(1)
		}
		seen := 0.0
		if !r.Published.IsZero() {
			seen = seconds(r.Published)
		}
		m.dnsSeen.WithLabelValues(r.Record).Set(seen)
	}
}

// Certificate tells how long the certificate of a host is good for.
func (m *Metrics) Certificate(host string, days float64) {
	m.certificate.WithLabelValues(host).Set(days)
}
