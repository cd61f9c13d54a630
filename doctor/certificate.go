package doctor

import (
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/openova-io/smtp-mirror/smtpprobe"
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
