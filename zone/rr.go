package zone

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// DefaultTTL is what records get where nothing else is said, and what a zone file
// means where it leaves the TTL out.
const DefaultTTL = time.Hour

// maxTTL is the longest TTL in seconds (RFC 2181, section 8).
const maxTTL = 1<<31 - 1

// ErrNotRecord says that a text is not one resource record.
var ErrNotRecord = errors.New("not one resource record")

// FromRR is the record that a message or a zone file holds, in the form in which
// records are compared: names in lower case, addresses and digests as RFC 5952 and
// RFC 6698 write them, a TXT as one string of its bytes.
func FromRR(rr dns.RR) Record {
	h := rr.Header()
	return Record{Name: plain(h.Name), Type: dns.Type(h.Rrtype).String(), TTL: time.Duration(h.Ttl) * time.Second, Value: valueOf(rr)}
}

func valueOf(rr dns.RR) string {
	switch v := rr.(type) {
	case *dns.TXT:
		var out strings.Builder
		for _, chunk := range v.Txt {
			out.WriteString(unescape(chunk))
		}
		return out.String()
	case *dns.MX:
		return fmt.Sprintf("%d %s", v.Preference, target(v.Mx))
	case *dns.SRV:
		return fmt.Sprintf("%d %d %d %s", v.Priority, v.Weight, v.Port, target(v.Target))
	case *dns.PTR:
		return target(v.Ptr)
	case *dns.CNAME:
		return target(v.Target)
	case *dns.NS:
		return target(v.Ns)
	case *dns.TLSA:
		return fmt.Sprintf("%d %d %d %s", v.Usage, v.Selector, v.MatchingType, strings.ToLower(v.Certificate))
	case *dns.CAA:
		return fmt.Sprintf("%d %s \"%s\"", v.Flag, strings.ToLower(v.Tag), escape(unescape(v.Value)))
	}
	return strings.TrimPrefix(rr.String(), rr.Header().String())
}

// plain is an absolute name as a [Record] has it. The root is "".
func plain(name string) string { return strings.TrimSuffix(dns.CanonicalName(name), ".") }

// target is a name within a value: the root, which means "none" there, stays ".".
func target(name string) string {
	if p := plain(name); p != "" {
		return p
	}
	return "."
}

// RR is the record for a DNS message.
func (r Record) RR() (dns.RR, error) {
	ttl := strconv.FormatInt(min(max(int64(r.TTL/time.Second), 0), maxTTL), 10)
	rdata := r.Value
	if r.Type == "TXT" {
		rdata = Quote(r.Value)
	}
	rr, err := parse(r.Name + ". " + ttl + " IN " + r.Type + " " + rdata)
	if err != nil {
		return nil, fmt.Errorf("record %q %q: %w", r.Name, r.Type, err)
	}
	if got := FromRR(rr); got.Name != strings.ToLower(r.Name) || got.Type != r.Type {
		return nil, fmt.Errorf("record %q %q: %w", r.Name, r.Type, ErrNotRecord)
	}
	return rr, nil
}

// Bind is the record as a line of a zone file.
func (r Record) Bind() (string, error) {
	rr, err := r.RR()
	if err != nil {
		return "", err
	}
	h := rr.Header()
	rdata := strings.TrimPrefix(rr.String(), h.String())
	if r.Type == "TXT" {
		rdata = Quote(r.Value)
	}
	if len(r.Value) > maxString && r.Type == "TXT" {
		rdata = "( " + rdata + " )"
	}
	return fmt.Sprintf("%s %d IN %s %s", h.Name, h.Ttl, r.Type, rdata), nil
}

// ParseBind reads a record as a zone file writes it: one, with an absolute name.
func ParseBind(line string) (Record, error) {
	rr, err := parse(line)
	if err != nil {
		return Record{}, err
	}
	return FromRR(rr), nil
}

// parse reads exactly one record. dns.NewRR is not used: it follows $INCLUDE, which
// opens a file that the text names, and it ignores what comes after the first record.
func parse(text string) (dns.RR, error) {
	z := dns.NewZoneParser(strings.NewReader(text+"\n"), ".", "")
	z.SetDefaultTTL(uint32(DefaultTTL / time.Second))
	rr, ok := z.Next()
	if !ok {
		return nil, withoutText(z.Err())
	}
	if _, more := z.Next(); more || z.Err() != nil {
		return nil, ErrNotRecord
	}
	if rr.Header().Class != dns.ClassINET {
		return nil, ErrNotRecord
	}
	return overTheWire(rr)
}

// overTheWire packs a record and unpacks it: the zone parser believes much that fits
// no message, and leaves escapes as they were written.
func overTheWire(rr dns.RR) (dns.RR, error) {
	wire := make([]byte, dns.MaxMsgSize)
	n, err := dns.PackRR(rr, wire, 0, nil, false)
	if err != nil {
		return nil, ErrNotRecord
	}
	rr, _, err = dns.UnpackRR(wire[:n], 0)
	if err != nil || rr.Header().Rdlength == 0 { // the parser takes "a. A" for an update's deletion
		return nil, ErrNotRecord
	}
	if caa, ok := rr.(*dns.CAA); ok && !tagName("a"+caa.Tag) {
		return nil, ErrNotRecord // RFC 8659, section 4.1
	}
	return rr, nil
}

// withoutText drops the parser's message, which quotes the text.
func withoutText(err error) error {
	var syntax *dns.ParseError
	if err == nil || errors.As(err, &syntax) {
		return ErrNotRecord
	}
	return fmt.Errorf("reading a record: %w", err)
}
