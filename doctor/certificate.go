package doctor

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/zone"
)

// client is who looks at a certificate.
type client struct {
	host     string           // that it dials
	roots    []*x509.CertPool // each is enough; a nil one is the system's
	trusting bool             // whatever the authority is
	lenient  bool             // goes on whatever it sees, as most senders do on port 25
}

// judgeCertificate looks at a served chain as a client at a moment would.
func judgeCertificate(object string, who client, chain []*x509.Certificate, now time.Time) Finding {
	f := Finding{Object: object, Verdict: Wrong, Want: "a trusted certificate for " + who.host}
	if len(chain) == 0 {
		f.Got, f.Todo = "no certificate", "give Stalwart a certificate for "+who.host
		return f
	}
	leaf := chain[0]
	f.Got = fmt.Sprintf("for %s, until %s", namesOf(leaf), leaf.NotAfter.UTC().Format(time.DateOnly))
	end, trusted := who.trusts(chain, now)
	left := end.Sub(now)
	switch {
	case leaf.VerifyHostname(who.host) != nil:
		f.Todo = "give Stalwart a certificate that covers " + who.host
	case now.After(leaf.NotAfter):
		f.Got += ", expired"
		f.Todo = "renew it, and see that Stalwart has loaded the new one"
	case now.Before(leaf.NotBefore):
		f.Got += ", not yet valid"
		f.Todo = "see whether a clock is wrong"
	case !trusted && !who.trusting:
		f.Got += ", of an authority that is not trusted"
		f.Todo = "give Stalwart a certificate of a public authority, or name its authority in probe.caFile"
	case left < smtpprobe.ExpirySoon(leaf):
		f.Verdict, f.Got = Warning, f.Got+fmt.Sprintf(", %d days and %d hours left", int(left.Hours())/24, int(left.Hours())%24)
		f.Todo = "see why it has not been renewed, or why Stalwart has not loaded the new one"
	default:
		f.Verdict = OK
	}
	if end.Before(leaf.NotAfter) {
		f.Got += ", its authority until " + end.UTC().Format(time.DateOnly)
	}
	if who.lenient && f.Verdict == Wrong {
		f.Verdict = Warning
		f.Todo += "; senders that follow MTA-STS or DANE refuse it"
	}
	return f
}

// trusts reports whether a chain verifies now, and until when: the first of its
// certificates that ends is the end of all of them. A leaf that is out of its time is
// looked at within it, because that is said in other words.
func (c client) trusts(chain []*x509.Certificate, now time.Time) (end time.Time, trusted bool) {
	leaf, between := chain[0], x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	at := now
	if at.After(leaf.NotAfter) {
		at = leaf.NotAfter
	}
	if at.Before(leaf.NotBefore) {
		at = leaf.NotBefore
	}
	end = leaf.NotAfter
	for _, roots := range c.roots {
		verified, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at})
		if err != nil {
			continue
		}
		for _, one := range verified {
			if ends := endOf(one); !trusted || ends.After(end) { // the client finds the best one
				end, trusted = ends, true
			}
		}
	}
	return end, trusted
}

// endOf is when the first of several certificates ends.
func endOf(chain []*x509.Certificate) time.Time {
	return slices.MinFunc(chain, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) }).NotAfter
}

// display is what the mail host shows to those who send to us.
type display struct {
	where string              // for people
	chain []*x509.Certificate // nil where nothing could be seen
	err   error               // what port 25 says instead; errNoTLS: it shows none to anybody
}

// judgeIssued says whether the certificate that was issued is good for long enough, and
// served. One with another key may have to wait.
func judgeIssued(object, want string, leaf *x509.Certificate, d display, now time.Time) Finding {
	f := Finding{Object: object, Verdict: OK, Want: want, Got: "until " + leaf.NotAfter.UTC().Format(time.DateOnly) + ", served at " + d.where}
	switch {
	case d.chain == nil:
		return could(object, want, d.err, "see whether the mail host can be reached from here: which certificate it shows is not known")
	case !d.chain[0].Equal(leaf):
		f.Verdict = Warning
		f.Got = fmt.Sprintf("%s shows another one, until %s", d.where, d.chain[0].NotAfter.UTC().Format(time.DateOnly))
		f.Todo = "see what the controller waits for (its /status): one with another key waits until its TLSA record is known (AwaitingTLSA), and on 0.15 Stalwart reads the files that it mounts"
	case leaf.NotAfter.Sub(now) < smtpprobe.ExpirySoon(leaf):
		f.Verdict, f.Todo = Warning, "see why it has not been renewed"
	}
	return f
}

func namesOf(c *x509.Certificate) string {
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "no name"
	}
	return listed(names)
}

// judgeDANE says whether senders that know keys of the mail host (RFC 7672) meet one of
// them. They may get the set of any server.
func judgeDANE(host string, answers []zone.Answer, d display) Finding {
	f := Finding{Object: "DANE of " + host, Verdict: OK, Want: "the key that is served among the TLSA records"}
	switch {
	case errors.Is(d.err, errNoTLS):
		f.Verdict, f.Got, f.Todo = Wrong, told(d.err), "let Stalwart offer STARTTLS on port 25, or take the TLSA records back: senders that look them up deliver nothing in the clear"
		return f
	case d.chain == nil:
		return could(f.Object, f.Want, d.err, "see whether port 25 of "+host+" can be reached from here: a key that none of the records names stops mail")
	}
	f.Want = zone.DanePrefix + zone.SPKIHash(d.chain[0]) + ", which " + d.where + " shows"
	f.Got = "the key that is served is there"
	for _, a := range answers {
		if !answered(a) || len(a.Values) == 0 {
			continue
		}
		switch usable, matches := danes(a.Values, d.chain); {
		case !usable && f.Verdict == OK:
			f.Verdict, f.Got, f.Todo = Warning, listed(a.Values)+", at "+shown(a.Server), "publish a record of usage 3: senders can use no other (RFC 7672, section 3.1)"
		case usable && !matches:
			f.Verdict, f.Got = Wrong, listed(a.Values)+", at "+shown(a.Server)
			f.Todo = fmt.Sprintf("publish %s TLSA %s%s beside the others now: senders that look the keys up deliver nothing to another one", zone.DaneName(host), zone.DanePrefix, zone.SPKIHash(d.chain[0]))
			return f
		}
	}
	return f
}

// danes reports whether there are records that senders can use, and whether one of them
// names what is shown: the key or certificate of the server itself (usage 3), or of an
// authority in its chain (usage 2).
func danes(values []string, chain []*x509.Certificate) (usable, matches bool) {
	for _, v := range values {
		rr, err := zone.Record{Name: "x", Type: "TLSA", Value: v}.RR()
		tlsa, is := rr.(*dns.TLSA)
		if err != nil || !is || tlsa.Usage != 2 && tlsa.Usage != 3 {
			continue
		}
		tlsa.Certificate = strings.ToLower(tlsa.Certificate)
		candidates := chain[:1]
		if tlsa.Usage == 2 {
			candidates = chain[1:]
		}
		usable = true
		matches = matches || slices.ContainsFunc(candidates, func(c *x509.Certificate) bool { return tlsa.Verify(c) == nil })
	}
	return usable, matches
}
