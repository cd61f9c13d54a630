package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"blitiri.com.ar/go/spf"
	"golang.org/x/net/publicsuffix"

	"github.com/openova-io/smtp-mirror/dnsrecords"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/zone"
)

// judgeRecord says what it means that a record is not as it should be.
func judgeRecord(want zone.Record, answers []zone.Answer) Finding {
	seen := zone.Explain(want, answers)
	f := Finding{Object: want.Name + " " + want.Type, Verdict: Wrong, Want: want.Value, Got: seenAs(seen)}
	switch seen.Verdict {
	case zone.Published:
		f.Verdict = OK
		return f
	case zone.TempError:
		f.Verdict, f.Todo = Unknown, "see why an authoritative name server of "+want.Name+" does not answer: receivers then defer the mail"
		return f
	case zone.Missing:
		f.Todo = "publish it: " + want.Why
	default:
		f.Todo = "replace it: " + want.Why
	}
	switch want.Kind() {
	case zone.KindSPF, zone.KindDMARC, "ptr": // judged by their effect elsewhere: ours is one of many that do, and mail may leave from another address
		f.Verdict = Warning
	case zone.KindTLSRPT, zone.KindMTASTS, "srv", "caa", "cname", "txt":
		f.Verdict = Warning
	case "tlsa": // what is there is compared with what is served; this is the next key, or there is no DANE
		f.Verdict = Warning
		if seen.Verdict != zone.Missing {
			f.Todo = "add it beside the others, do not replace them: the key that is served now needs its own until it is served no more"
		}
	}
	return f
}

// seenAs is a verdict of the zone with what it rests on.
func seenAs(seen zone.Finding) string {
	text := string(seen.Verdict)
	if len(seen.Got) > 0 && seen.Verdict != zone.Published {
		text += ": " + listed(seen.Got)
	}
	if len(seen.Notes) > 0 {
		text += " (" + strings.Join(seen.Notes, "; ") + ")"
	}
	return text
}

// judgeKey compares a selector's record with the key that Stalwart holds.
func judgeKey(domain string, k stalwart.DKIMKey, answers []zone.Answer) Finding {
	want := dnsrecords.NewKey(domain, k.Selector, k.Algorithm, k.PublicKey, k.Stage)
	seen := zone.Explain(zone.Record{Name: want.Name, Type: "TXT", Value: want.TXT}, answers)
	f := Finding{Object: want.Name + " (" + k.Stage + ")", Verdict: OK, Want: want.TXT, Got: seenAs(seen)}
	right := seen.Verdict == zone.Published
	switch {
	case k.Stage == "retired":
		f.Want = "an empty p=, or nothing"
	case seen.Verdict == zone.TempError:
		f.Verdict, f.Todo = Unknown, "see why an authoritative name server does not answer: a signature that cannot be looked up now is tried later, or not at all"
	case right:
	case k.Stage == "pending":
		f.Verdict, f.Todo = Warning, "publish it; nothing is signed with this key before it is active"
	case k.Stage == "retiring":
		f.Verdict, f.Todo = Warning, "publish it again until mail that was signed with it has arrived everywhere"
	default:
		f.Verdict, f.Todo = Wrong, "publish this TXT record now, on every name server: mail is signed with a key that receivers cannot look up"
	}
	return f
}

// judgeSPF says what a receiver makes of mail from an address. published are the TXT
// records at the domain.
func judgeSPF(ip netip.Addr, domain string, result spf.Result, why error, published []string) Finding {
	f := Finding{Object: domain + " from " + ip.String(), Verdict: Wrong, Want: "spf=pass", Got: "spf=" + string(result)}
	if why != nil && result != spf.Pass {
		f.Got += " (" + shown(why.Error()) + ")"
	}
	switch result {
	case spf.Pass:
		f.Verdict = OK
	case spf.TempError:
		f.Verdict, f.Todo = Unknown, "see why a name server does not answer: receivers then defer the mail"
	case spf.PermError:
		f.Todo = "correct the SPF record: receivers cannot evaluate it"
	case spf.None:
		f.Todo = fmt.Sprintf("publish the TXT record %q at %s", "v=spf1 mx "+withAddress(ip)+" ~all", domain)
	default:
		f.Todo = fmt.Sprintf("set the SPF record of %s to %q", domain, permitting(ip, published))
	}
	return f
}

// judgeAssumed says that nobody has named the outgoing addresses: what mail comes in by
// need not be what it leaves by.
func judgeAssumed(from string, all []netip.Addr) Finding {
	var texts []string
	for _, a := range all {
		texts = append(texts, a.String())
	}
	return Finding{Object: "outgoing address", Verdict: Warning, Want: "the addresses that mail leaves from are named", Got: "assumed from the " + from + ": " + listed(texts),
		Todo: "name them in dns.outgoing: mail often leaves from the address of a node, and SPF and PTR are judged for what receivers see"}
}

func withAddress(ip netip.Addr) string {
	if ip.Is4() {
		return "ip4:" + ip.String()
	}
	return "ip6:" + ip.String()
}

// permitting is the SPF record that also passes an address.
func permitting(ip netip.Addr, published []string) string {
	ours := "v=spf1 " + withAddress(ip) + " ~all"
	for _, text := range published {
		if merged, err := zone.MergeSPF(text, ours); err == nil {
			return merged.Value
		}
	}
	return ours
}

// judgeDMARC judges the policy, and whether what passes SPF and DKIM is aligned with
// the address that people see (RFC 7489, section 3.1). from is its domain, spf that of
// MAIL FROM, dkim the d= of the signatures.
func judgeDMARC(from, spfDomain, dkimDomain string, published []string) []Finding {
	object := "_dmarc." + from
	f := Finding{Object: object, Verdict: OK, Want: "one DMARC record with p=quarantine or p=reject", Got: listed(published)}
	own := policies(published)
	if len(own) != 1 {
		f.Verdict, f.Todo = Wrong, "publish exactly one DMARC record: large receivers refuse mail of domains without one, and ignore several"
		return []Finding{f}
	}
	tags, err := zone.ParseTags(own[0])
	policy, _ := tags.Get("p")
	switch {
	case err != nil || !slices.Contains([]string{"none", "quarantine", "reject"}, strings.ToLower(policy)):
		f.Verdict, f.Todo = Wrong, "correct the record: receivers cannot use it"
		return []Finding{f}
	case strings.EqualFold(policy, "none"):
		f.Verdict, f.Todo = Warning, "set p=quarantine once the reports show that all your mail passes: with none, anybody's mail in your name is delivered"
	}
	aspf, _ := tags.Get("aspf")
	adkim, _ := tags.Get("adkim")
	a := Finding{Object: "alignment of " + from, Verdict: OK, Want: "SPF or DKIM aligned", Got: fmt.Sprintf("MAIL FROM %s: %s, DKIM d=%s: %s", spfDomain, alignment(from, spfDomain, aspf), dkimDomain, alignment(from, dkimDomain, adkim))}
	spfOK, dkimOK := aligned(from, spfDomain, aspf), aligned(from, dkimDomain, adkim)
	switch {
	case !spfOK && !dkimOK:
		a.Verdict, a.Todo = Wrong, "send from an address of the domain that signs, or relax aspf= and adkim="
	case !spfOK || !dkimOK:
		a.Verdict, a.Todo = Warning, "only one of SPF and DKIM counts for DMARC: forwarded mail has no second chance"
	}
	return []Finding{f, a}
}

// policies are the DMARC records among the texts of a name.
func policies(published []string) []string {
	return slices.DeleteFunc(slices.Clone(published), func(text string) bool { return !strings.HasPrefix(strings.ReplaceAll(text, " ", ""), "v=DMARC1") })
}

// organisation is the domain that somebody has registered; the domain itself where it
// has none above it.
func organisation(name string) string {
	if parent, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(name)); err == nil {
		return parent
	}
	return strings.ToLower(name)
}

func alignment(from, other, mode string) string {
	if aligned(from, other, mode) {
		return "aligned"
	}
	return "not aligned"
}

// aligned compares domains in a mode: "s" strict, anything else relaxed, where the
// organisational domain is enough.
func aligned(from, other, mode string) bool {
	from, other = strings.ToLower(from), strings.ToLower(other)
	if from == other || strings.EqualFold(mode, "s") {
		return from == other
	}
	return organisation(from) == organisation(other)
}
