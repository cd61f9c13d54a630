package doctor

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// judgeNames says whether an address has a name that leads back to it (FCrDNS): names
// are what its PTR says, back the addresses of each.
func judgeNames(ip netip.Addr, mailHost string, names []string, back map[string][]string) Finding {
	f := Finding{Object: ip.String(), Verdict: Wrong, Want: "PTR " + mailHost + ", and back", Got: "PTR " + listed(names)}
	var confirmed []string
	for _, name := range names {
		if slices.ContainsFunc(back[name], func(text string) bool { a, err := netip.ParseAddr(text); return err == nil && a.Unmap() == ip.Unmap() }) {
			confirmed = append(confirmed, name)
		}
	}
	switch {
	case len(names) == 0:
		f.Todo = "have the owner of the address set its PTR to " + mailHost + ": large receivers refuse mail from addresses without a name"
	case len(confirmed) == 0:
		f.Got += ", which does not lead back"
		f.Todo = "give the name an address record with " + ip.String() + ", or the address the PTR " + mailHost
	case !slices.ContainsFunc(confirmed, func(n string) bool { return strings.EqualFold(n, mailHost) }):
		f.Verdict, f.Todo = Warning, "set the PTR to "+mailHost+", the name that Stalwart greets with: some receivers compare them"
	default:
		f.Verdict = OK
	}
	return f
}

// judgeMX says whether answers and bounces come back to us. addresses are those of
// each host.
func judgeMX(domain, mailHost string, published []string, addresses map[string][]string) Finding {
	f := Finding{Object: domain, Verdict: Wrong, Want: "MX " + mailHost + ", with an address", Got: "MX " + listed(published)}
	hosts := exchangers(published)
	switch {
	case len(hosts) == 0:
		f.Todo = "publish the MX record 10 " + mailHost + ": receivers check whether the sender's domain takes bounces"
	case hosts[0] == "":
		f.Todo = "remove the null MX (RFC 7505): receivers refuse mail of a domain that takes none"
	case !slices.Contains(hosts, strings.ToLower(mailHost)):
		f.Verdict, f.Todo = Warning, "bounces and DMARC reports go to another server; publish MX 10 "+mailHost+" where they should come here"
	case len(addresses[strings.ToLower(mailHost)]) == 0:
		f.Todo = "publish the address of " + mailHost
	default:
		f.Verdict = OK
	}
	return f
}

// exchangers are the hosts of MX records, the preferred ones first, in lower case; ""
// is the null MX.
func exchangers(values []string) []string {
	type exchanger struct {
		preference int
		host       string
	}
	var all []exchanger
	for _, v := range values {
		preference, host, _ := strings.Cut(v, " ")
		n, err := strconv.Atoi(preference)
		if err == nil {
			all = append(all, exchanger{n, strings.ToLower(strings.TrimSuffix(strings.TrimSpace(host), "."))})
		}
	}
	slices.SortStableFunc(all, func(a, b exchanger) int { return a.preference - b.preference })
	var hosts []string
	for _, e := range all {
		hosts = append(hosts, e.host)
	}
	return hosts
}
