package zone

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Records are what a mail domain must publish, in an order that depends on nothing
// but the facts.
func Records(f Facts) []Record {
	z := newBuilder(f)
	if z.Domain == "" {
		return nil
	}
	z.add(z.Domain, "MX", "10 "+z.MailHost, "mail for the domain is delivered to the mail host")
	z.addresses()
	z.spf()
	z.dmarc()
	z.keys()
	z.pointers()
	z.policies()
	z.certificates()
	z.services()
	return z.all
}

// builder collects records; its facts have their defaults.
type builder struct {
	Facts
	all []Record
}

func newBuilder(f Facts) *builder {
	f.Domain = plain(f.Domain)
	f.MailHost = plain(cmp.Or(f.MailHost, "mail."+f.Domain))
	f.PolicyHost = plain(f.PolicyHost)
	f.TTL = cmp.Or(f.TTL.Truncate(time.Second), DefaultTTL)
	f.Addresses = slices.Clone(f.Addresses)
	for i := range f.Addresses {
		f.Addresses[i] = f.Addresses[i].Unmap().WithZone("")
	}
	slices.SortFunc(f.Addresses, netip.Addr.Compare)
	f.Addresses = slices.DeleteFunc(slices.Compact(f.Addresses), func(a netip.Addr) bool { return !a.IsValid() })
	return &builder{Facts: f}
}

func (z *builder) add(name, kind, value, why string) {
	z.all = append(z.all, Record{Name: name, Type: kind, TTL: z.TTL, Value: value, Why: why})
}

func (z *builder) addresses() {
	for _, a := range z.Addresses {
		kind := "AAAA"
		if a.Is4() {
			kind = "A"
		}
		z.add(z.MailHost, kind, a.String(), "the address of the mail host")
	}
}

// pointers give the way back from an address to the name that the server greets with.
func (z *builder) pointers() {
	for _, a := range z.Addresses {
		name, err := dns.ReverseAddr(a.String())
		if err == nil {
			z.add(plain(name), "PTR", z.MailHost, "many receivers refuse mail from an address without a name")
		}
	}
}

// spf names the mail host, and who was named beside it: where the address that mail
// leaves from is not the one at which it arrives, mx does not cover it.
func (z *builder) spf() {
	spf, why := SPF{{"+", "a", ""}, {"+", "mx", ""}}, "SPF: receivers accept mail of the domain from the mail host"
	for _, s := range z.SPFSenders {
		if t, err := ParseSender(s); err == nil && !slices.Contains(spf, t) {
			spf = append(spf, t)
		}
	}
	if len(spf) > 2 {
		why += ", and from the senders that are configured"
	}
	z.add(z.Domain, "TXT", spf.String()+" "+cmp.Or(z.SPFPolicy, "~all"), why)
}

func (z *builder) dmarc() {
	report := uris(cmp.Or(z.DMARCReport, "postmaster@"+z.Domain))
	why := "DMARC: what receivers do with mail of the domain that neither SPF nor DKIM confirms"
	for _, uri := range strings.Split(report, ",") {
		if _, host, ok := strings.Cut(uri, "@"); ok && plain(host) != z.Domain && strings.HasPrefix(uri, "mailto:") {
			why += fmt.Sprintf("; reports come only when %s._report._dmarc.%s agrees to them", z.Domain, plain(host))
		}
	}
	z.add("_dmarc."+z.Domain, "TXT", "v=DMARC1; p="+cmp.Or(z.DMARCPolicy, "quarantine")+"; rua="+report, why)
}

// uris writes addresses as mailto: URIs (RFC 7489, section 6.2); what is one stays.
func uris(list string) string {
	parts := strings.Split(list, ",")
	for i, p := range parts {
		p = strings.NewReplacer(";", "%3B").Replace(strings.TrimSpace(p))
		if !strings.Contains(p, ":") {
			p = "mailto:" + p
		}
		parts[i] = p
	}
	return strings.Join(parts, ",")
}

// keys adds one record for each selector. A key without bytes has none until it is
// retired: p= emptied would revoke a key in use.
func (z *builder) keys() {
	keys := slices.DeleteFunc(slices.Clone(z.Keys), func(k Key) bool {
		return k.Selector == "" || !slices.Contains(stages, k.Stage) || withoutSpace(k.PublicKey) == "" && k.Stage != "retired"
	})
	for i := range keys {
		keys[i].Selector = strings.ToLower(keys[i].Selector)
	}
	slices.SortFunc(keys, func(a, b Key) int {
		return cmp.Or(cmp.Compare(a.Selector, b.Selector), cmp.Compare(slices.Index(stages, a.Stage), slices.Index(stages, b.Stage)),
			cmp.Compare(a.Algorithm, b.Algorithm), cmp.Compare(a.PublicKey, b.PublicKey))
	})
	keys = slices.CompactFunc(keys, func(a, b Key) bool { return a.Selector == b.Selector })
	for _, k := range keys {
		z.add(k.Selector+"._domainkey."+z.Domain, "TXT", k.value(), k.why())
	}
}

func (k Key) value() string {
	p := withoutSpace(k.PublicKey)
	if k.Stage == "retired" {
		p = ""
	}
	return "v=DKIM1; k=" + strings.TrimSuffix(k.Algorithm, "-sha256") + "; h=sha256; p=" + p
}

func (k Key) why() string {
	return map[string]string{
		"pending":  "DKIM: signing with this key begins when every name server knows it",
		"active":   "DKIM: mail is signed with this key",
		"retiring": "DKIM: mail that was signed with this key may still be on its way",
		"retired":  "DKIM: this key is revoked, nothing that it signed is on its way any more",
	}[k.Stage]
}

// certificates bind the mail host to its keys (DANE) and to who may certify it.
func (z *builder) certificates() {
	for _, hash := range sorted(strings.Fields(strings.ToLower(strings.Join(z.TLSKeys, " ")))) {
		z.add(DaneName(z.MailHost), "TLSA", DanePrefix+hash, "DANE: a sending server knows this key of the mail host; it counts only in a signed zone (DNSSEC)")
	}
	for _, issuer := range sorted(z.CAAIssuers) {
		z.add(z.MailHost, "CAA", `0 issue "`+escape(issuer)+`"`, "only who is named may issue certificates for the mail host")
	}
}

// sorted is each value once.
func sorted(values []string) []string {
	var all []string
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" {
			all = append(all, v)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (z *builder) services() {
	if z.Submission != 0 {
		z.add("_submission._tcp."+z.Domain, "SRV", fmt.Sprintf("0 1 %d %s", z.Submission, z.MailHost), "mail programs find the port for sending, with STARTTLS (RFC 6186)")
	}
	if z.Submissions != 0 {
		z.add("_submissions._tcp."+z.Domain, "SRV", fmt.Sprintf("0 1 %d %s", z.Submissions, z.MailHost), "mail programs find the port for sending, with TLS (RFC 8314)")
	}
}
