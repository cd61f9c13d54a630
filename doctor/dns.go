package doctor

import (
	"context"
	"net/netip"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/zone"
)

// width is how many questions of one check are asked at once.
const width = 8

const (
	todoDNS      = "see whether the name servers of the domain answer, and whether this machine can ask them"
	todoOutgoing = "name the addresses that mail leaves from in dns.outgoing (or with --outgoing-ip), or give the LoadBalancer service one"
)

// checkRecords compares every record that the domain is to publish, apart from those
// of DKIM keys, which have a check that knows their stage. The keys of the mail host are
// compared with what it shows as well.
func checkRecords(ctx context.Context, e *Env) []Finding {
	if e.Records == nil {
		return e.dane(ctx)
	}
	all, err := e.Records(ctx)
	found := append(e.unaddressed(err), each(all, width, func(r zone.Record) []Finding {
		if r.Kind() == zone.KindDKIM {
			return nil
		}
		answers, err := e.answers(ctx, r.Name, r.Type)
		if err != nil {
			return []Finding{could(r.Name+" "+r.Type, r.Value, err, todoDNS)}
		}
		return []Finding{judgeRecord(r, answers)}
	})...)
	return append(found, e.dane(ctx)...)
}

// unaddressed says why the records of addresses are not compared. Without a Service at
// all mail may come in otherwise: what matters is judged with MX and FCrDNS.
func (e *Env) unaddressed(err error) []Finding {
	if err == nil {
		return nil
	}
	f := could(e.MailHost+" A, AAAA, PTR", "the addresses of the LoadBalancer", err, "see that the Service of dns.service has got its addresses, and that you may read it")
	if apierrors.IsNotFound(err) {
		f.Verdict, f.Todo = Warning, "name the LoadBalancer in dns.service: its addresses are not compared with the DNS"
	}
	return []Finding{f}
}

// checkDKIM looks every selector up, also of keys that Stalwart does not sign with.
func checkDKIM(ctx context.Context, e *Env) []Finding {
	const want = "the keys that Stalwart signs with"
	if e.Keys == nil {
		return []Finding{unknown("Stalwart", want, "its management is not configured", "configure stalwart.url")}
	}
	keys, err := e.Keys(ctx)
	if err != nil {
		return []Finding{could("Stalwart", want, err, "see that Stalwart runs, and that its administrator's Secret is right")}
	}
	found := each(keys.staged(), width, func(k stalwart.DKIMKey) []Finding {
		name := k.Selector + "._domainkey." + e.Domain
		answers, err := e.DNS.Answers(ctx, e.Domain, name, "TXT")
		if err != nil {
			return []Finding{could(name, "the key of Stalwart", err, todoDNS)}
		}
		return []Finding{judgeKey(e.Domain, k, answers)}
	})
	return append(append(found, keys.strangers(e.Domain)...), judgeSigning(e.Domain, keys))
}

// outgoing are the addresses that mail leaves from, or why they are not known.
func (e *Env) outgoing(ctx context.Context, want string) ([]netip.Addr, []Finding) {
	if e.Outgoing == nil {
		return nil, []Finding{unknown("the outgoing address", want, "it is not known", todoOutgoing)}
	}
	all, err := e.Outgoing(ctx)
	if err != nil {
		return nil, []Finding{could("the outgoing address", want, err, todoOutgoing)}
	}
	if len(all) == 0 {
		return nil, []Finding{unknown("the outgoing address", want, "it is not known", todoOutgoing)}
	}
	return all, nil
}

// checkFCrDNS goes from each outgoing address to its names and back.
func checkFCrDNS(ctx context.Context, e *Env) []Finding {
	all, not := e.outgoing(ctx, "PTR "+e.MailHost+", and back")
	if not != nil {
		return not
	}
	return each(all, width, func(ip netip.Addr) []Finding {
		object, kind := ip.String(), "AAAA"
		if ip.Unmap().Is4() {
			kind = "A"
		}
		found, err := names{view{env: e}}.LookupAddr(ctx, ip.Unmap().String())
		if err != nil && !absent(err) {
			return []Finding{could(object, "PTR "+e.MailHost, err, todoDNS)}
		}
		back := map[string][]string{}
		for _, name := range found[:min(len(found), 10)] { // as receivers do (RFC 7208, section 5.5)
			back[name], err = e.lookup(ctx, name, kind)
			if err != nil {
				return []Finding{could(object, "PTR "+e.MailHost+", and back", err, todoDNS)}
			}
		}
		return []Finding{judgeNames(ip, e.MailHost, found, back)}
	})
}

func checkMX(ctx context.Context, e *Env) []Finding {
	published, err := e.lookup(ctx, e.Domain, "MX")
	if err != nil {
		return []Finding{could(e.Domain, "MX "+e.MailHost, err, todoDNS)}
	}
	host := strings.ToLower(e.MailHost)
	addresses, err := names{view{env: e}}.LookupIPAddr(ctx, host)
	if err != nil && !absent(err) {
		return []Finding{could(host, "an address", err, todoDNS)}
	}
	found := map[string][]string{}
	for _, a := range addresses {
		found[host] = append(found[host], a.String())
	}
	return []Finding{judgeMX(e.Domain, e.MailHost, published, found)}
}
