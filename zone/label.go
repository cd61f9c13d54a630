package zone

import "strings"

// The kinds that a TXT record's name and beginning tell; the kind of every other type
// is its name in lower case.
const (
	KindSPF    Kind = "spf"
	KindDKIM   Kind = "dkim"
	KindDMARC  Kind = "dmarc"
	KindTLSRPT Kind = "tlsrpt"
	KindMTASTS Kind = "mtasts"
)

// Kind is what the record is for.
func (r Record) Kind() Kind {
	if r.Type != "TXT" {
		return Kind(strings.ToLower(r.Type))
	}
	switch {
	case strings.Contains(r.Name, "._domainkey."):
		return KindDKIM
	case strings.HasPrefix(r.Name, "_dmarc."):
		return KindDMARC
	case strings.HasPrefix(r.Name, "_smtp._tls."):
		return KindTLSRPT
	case strings.HasPrefix(r.Name, "_mta-sts."):
		return KindMTASTS
	case isSPF(r.Value):
		return KindSPF
	}
	return "txt"
}

// Label is the record's label in metrics: its kind, with the selector ("dkim/s1") or
// the service ("srv/submission"). Records of one name and type share it; where they
// have several verdicts, [Worst] is the label's.
func (r Record) Label() string {
	kind := r.Kind()
	switch kind {
	case KindDKIM:
		selector, _, _ := strings.Cut(r.Name, "._domainkey.")
		return string(kind) + "/" + selector
	case "srv":
		service, _, _ := strings.Cut(strings.TrimPrefix(r.Name, "_"), ".")
		return string(kind) + "/" + service
	}
	return string(kind)
}
