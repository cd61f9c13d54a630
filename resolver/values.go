package resolver

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// value is a record in the form of zone.Record.Value.
func value(rr dns.RR) string {
	switch rr := rr.(type) {
	case *dns.TXT:
		return text(rr.Txt)
	case *dns.A:
		return ip(rr.A)
	case *dns.AAAA:
		return ip(rr.AAAA)
	case *dns.MX:
		return strconv.Itoa(int(rr.Preference)) + " " + plain(rr.Mx)
	case *dns.CNAME:
		return plain(rr.Target)
	case *dns.NS:
		return plain(rr.Ns)
	case *dns.PTR:
		return plain(rr.Ptr)
	case *dns.SRV:
		return strings.Join([]string{strconv.Itoa(int(rr.Priority)), strconv.Itoa(int(rr.Weight)), strconv.Itoa(int(rr.Port)), plain(rr.Target)}, " ")
	case *dns.TLSA:
		return strings.Join([]string{strconv.Itoa(int(rr.Usage)), strconv.Itoa(int(rr.Selector)), strconv.Itoa(int(rr.MatchingType)), strings.ToLower(rr.Certificate)}, " ")
	default: // CAA and whatever else is asked about: the form of a zone file
		return strings.TrimPrefix(rr.String(), rr.Header().String())
	}
}

// text joins the chunks of a TXT and takes back the escapes of the presentation form:
// what is left are the bytes that a verifier reads.
func text(chunks []string) string {
	escaped := strings.Join(chunks, "")
	if !strings.Contains(escaped, `\`) {
		return escaped
	}
	var b strings.Builder
	for i := 0; i < len(escaped); i++ {
		c := escaped[i]
		if c != '\\' || i+1 == len(escaped) {
			b.WriteByte(c)
			continue
		}
		i++
		if n, err := strconv.ParseUint(escaped[i:min(i+3, len(escaped))], 10, 8); err == nil && i+3 <= len(escaped) {
			b.WriteByte(byte(n))
			i += 2
			continue
		}
		b.WriteByte(escaped[i])
	}
	return b.String()
}

func ip(bytes []byte) string {
	addr, ok := netip.AddrFromSlice(bytes)
	if !ok {
		return ""
	}
	return addr.Unmap().String()
}

// plain is a name in lower case, without the dot at the end.
func plain(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }
