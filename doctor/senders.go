package doctor

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"blitiri.com.ar/go/spf"

	"github.com/openova-io/smtp-mirror/submission"
)

// sender is an address that mail comes from: people see it, and it is MAIL FROM.
type sender struct{ address, domain string }

// detour is for what is asked of somebody who is no name server: what he does not say
// has a finding of its own, and is no reason to know nothing of the DNS.
const detour = 3 * time.Second

// senders are what the SOURCEs say, one of each domain. Where none can be read it is the
// address that is usual.
func (e *Env) senders(ctx context.Context) []sender {
	ctx, cancel := context.WithTimeout(ctx, detour)
	defer cancel()
	share := e.share // of this run, also for who is late
	var all []sender
	for _, s := range e.Submissions {
		c, err := share.source.get(ctx, s.Name, func() (submission.Credentials, error) { return s.Source(share.ctx) })
		if err == nil {
			all = append(all, senderOf(c.From))
		}
	}
	if len(all) == 0 {
		return []sender{senderOf(e.From)}
	}
	slices.SortStableFunc(all, func(a, b sender) int { return strings.Compare(a.domain, b.domain) })
	return slices.CompactFunc(all, func(a, b sender) bool { return a.domain == b.domain })
}

func senderOf(address string) sender {
	_, domain, _ := strings.Cut(address, "@")
	return sender{address, strings.ToLower(domain)}
}

// checkSPF evaluates SPF as a receiver does, for every sender and outgoing address.
func checkSPF(ctx context.Context, e *Env) []Finding {
	all, not := e.outgoing(ctx, "spf=pass")
	if not != nil {
		return not
	}
	found := each(e.senders(ctx), width, func(from sender) []Finding {
		return each(all, width, func(ip netip.Addr) []Finding {
			return e.everywhere(ctx, from.domain, "TXT", func(v view) []Finding { return []Finding{v.spf(ctx, from, ip)} })
		})
	})
	if e.Assumed == "" {
		return found
	}
	return append(found, judgeAssumed(e.Assumed, all))
}

func (v view) spf(ctx context.Context, from sender, ip netip.Addr) Finding {
	result, why := spf.CheckHostWithSender(net.IP(ip.Unmap().AsSlice()), v.env.MailHost, from.address, spf.WithContext(ctx), spf.WithResolver(names{v}))
	var published []string
	if result != spf.Pass && result != spf.None && result != spf.TempError {
		published, _ = v.lookup(ctx, from.domain, "TXT") // only to say better what to do
	}
	return judgeSPF(ip, from.domain, result, why, published)
}

// checkDMARC judges what people see against what SPF and DKIM pass for.
func checkDMARC(ctx context.Context, e *Env) []Finding {
	var froms []sender
	var signed string
	var both sync.WaitGroup
	both.Go(func() { froms = e.senders(ctx) })
	both.Go(func() { signed = e.signedFor(ctx) })
	both.Wait()
	return each(froms, width, func(from sender) []Finding {
		return e.everywhere(ctx, "_dmarc."+from.domain, "TXT", func(v view) []Finding { return v.dmarc(ctx, from.domain, signed) })
	})
}

// signedFor is the d= of the signatures: the domain as Stalwart names it, where it can
// be asked.
func (e *Env) signedFor(ctx context.Context) string {
	if e.Keys == nil {
		return e.Domain
	}
	ctx, cancel := context.WithTimeout(ctx, detour)
	defer cancel()
	share := e.share
	keys, _ := share.keys.get(ctx, "", func() (Keys, error) { return e.Keys(share.ctx) })
	return cmp.Or(keys.Domain, e.Domain)
}

// dmarc takes the record of the organisation where the domain has none, as receivers
// do (RFC 7489, section 6.6.3).
func (v view) dmarc(ctx context.Context, from, signed string) []Finding {
	published, err := v.lookup(ctx, "_dmarc."+from, "TXT")
	if err != nil {
		return []Finding{could("_dmarc."+from, "one DMARC record", err, todoDNS)}
	}
	parent := organisation(from)
	if parent == from || len(policies(published)) > 0 {
		return judgeDMARC(from, from, signed, published)
	}
	inherited, err := v.lookup(ctx, "_dmarc."+parent, "TXT")
	if err != nil {
		return []Finding{could("_dmarc."+from, "one DMARC record", err, todoDNS)}
	}
	if len(policies(inherited)) != 1 {
		return judgeDMARC(from, from, signed, published)
	}
	found := judgeDMARC(from, from, signed, inherited)
	if found[0].Object = "_dmarc." + parent; found[0].Verdict == OK {
		found[0].Verdict, found[0].Todo = Warning, "publish a record at _dmarc."+from+": until then the policy of "+parent+" holds, in which sp= comes first"
	}
	return found
}
