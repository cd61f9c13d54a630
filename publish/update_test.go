package publish_test

import (
	"strings"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/publish"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/zone"
)

const (
	spf     = "v=spf1 ip4:192.0.2.25 -all"
	dmarc   = "v=DMARC1; p=quarantine"
	foreign = "site-verification=abc"
	strict  = "v=DMARC1; p=reject; rua=mailto:reports@other.example"
)

var longKey = "v=DKIM1; k=rsa; p=" + strings.Repeat("QUJD", 100)

// everything is a record of each type, and several of one.
func everything() []zone.Record {
	return []zone.Record{
		record(domain, "MX", "10 mail."+domain), record(domain, "TXT", spf), record("_dmarc."+domain, "TXT", dmarc),
		record("s1._domainkey."+domain, "TXT", longKey), record("mail."+domain, "A", "192.0.2.25"), record("mail."+domain, "AAAA", "2001:db8::25"),
		record("_25._tcp.mail."+domain, "TLSA", "3 1 1 "+strings.Repeat("ab", 32)), record("_25._tcp.mail."+domain, "TLSA", "3 1 1 "+strings.Repeat("cd", 32)),
		record(domain, "CAA", `0 issue "ca.example"`), record("_submissions._tcp."+domain, "SRV", "0 1 465 mail."+domain),
		record("mta-sts."+domain, "CNAME", "mail."+domain), record("_smtp._tls."+domain, "TXT", `v=TLSRPTv1; rua=mailto:a"b\c@`+domain),
		record("25.2.0.192.in-addr.arpa", "PTR", "mail."+domain), // not in this zone
	}
}

// TestEveryTypeIsPublishedOnce: what was wanted is there in every byte, and a second
// run finds nothing to do.
func TestEveryTypeIsPublishedOnce(t *testing.T) {
	primaries(t, nil, func(p *primary) {
		if n := p.writes(everything()...); n != 11 {
			t.Errorf("%d updates", n)
		}
		for _, r := range everything() {
			if r.Type != "PTR" && !contains(p.look(r.Name, r.Type), r.Value) {
				t.Errorf("%s %s: %q, want %q", r.Name, r.Type, p.look(r.Name, r.Type), r.Value)
			}
		}
		if n := p.writes(everything()...); n != 0 {
			t.Errorf("%d updates of what is equal", n)
		}
		if n := p.writes(); n != 0 || len(p.look(domain, "MX")) != 1 {
			t.Errorf("nothing is wanted yet, and %d updates are made", n)
		}
	})
}

func contains(all []string, want string) bool {
	for _, got := range all {
		if got == want {
			return true
		}
	}
	return false
}

// TestAChangeIsExact: a set is changed record by record, and what is not wanted any
// more goes with its mark; a TTL is mended.
func TestAChangeIsExact(t *testing.T) {
	primaries(t, nil, func(p *primary) {
		p.writes(everything()...)
		one, two := record("s1._domainkey."+domain, "TXT", "v=DKIM1; p="), record("s2._domainkey."+domain, "TXT", longKey)
		tlsa := record("_25._tcp.mail."+domain, "TLSA", "3 1 1 "+strings.Repeat("cd", 32))
		a := record("mail."+domain, "A", "192.0.2.26")
		p.writes(one, two, tlsa, a)
		p.expect(one.Name, "TXT", one.Value)
		p.expect(two.Name, "TXT", two.Value)
		p.expect(tlsa.Name, "TLSA", tlsa.Value)
		p.expect(a.Name, "A", a.Value)
		for _, gone := range []zone.Record{record(domain, "MX", ""), record(domain, "TXT", ""), record("_dmarc."+domain, "TXT", ""), record("mta-sts."+domain, "CNAME", "")} {
			p.expect(gone.Name, gone.Type)
		}
		if marks := p.look(owner+"._smtp-mirror."+domain, "TXT"); len(marks) != 4 {
			t.Errorf("%q", marks)
		}
		a.TTL *= 2
		if n := p.writes(one, two, tlsa, a); n != 1 {
			t.Errorf("%d updates for a TTL", n)
		}
		if n := p.writes(one, two, tlsa, a); n != 0 {
			t.Errorf("%d updates of what is equal", n)
		}
	})
}

// TestOthersKeepTheirs: values of others in the same set outlive ours, a record of
// somebody else is neither overwritten nor doubled, and the rest is published.
func TestOthersKeepTheirs(t *testing.T) {
	theirs := []string{domain + `. 60 IN TXT "` + foreign + `"`, "_dmarc." + domain + `. 60 IN TXT "` + strict + `"`, "mail." + domain + ". 60 IN A 192.0.2.1", "mta-sts." + domain + ". 60 IN CNAME www." + domain + "."}
	primaries(t, theirs, func(p *primary) {
		wanted := []zone.Record{record(domain, "TXT", spf), record("_dmarc."+domain, "TXT", dmarc+"; rua=mailto:postmaster@"+domain), record("mail."+domain, "A", "192.0.2.25"), record("mta-sts."+domain, "A", "192.0.2.25")}
		result, err := p.run(wanted...)
		if watcher.ReasonOf(err) != publish.ReasonForeignRecord || !strings.Contains(err.Error(), "set by hand: "+strict+",mailto:postmaster@"+domain+"; the policy stays") || len(result.Changes) != 1 {
			t.Fatalf("%+v %v", result, err)
		}
		p.expect(domain, "TXT", foreign, spf)
		p.expect("_dmarc."+domain, "TXT", strict)
		p.expect("mail."+domain, "A", "192.0.2.1")
		for _, other := range []string{"mail." + domain, "mta-sts." + domain} {
			if !strings.Contains(err.Error(), other) {
				t.Errorf("%s is not reported: %v", other, err)
			}
		}
		result, err = p.run(record(domain, "TXT", spf+" "), record("x."+domain, "TXT", "ours"))
		must(t, err)
		p.expect(domain, "TXT", foreign, spf+" ")
		p.writes(record("x."+domain, "TXT", "ours"))
		p.expect(domain, "TXT", foreign)
	})
}

// TestAForeignSPF is reported with what to set by hand, even beside ours.
func TestAForeignSPF(t *testing.T) {
	primaries(t, []string{domain + `. 60 IN TXT "v=spf1 include:other.example ~all"`}, func(p *primary) {
		result, err := p.run(record(domain, "TXT", spf))
		if watcher.ReasonOf(err) != publish.ReasonForeignRecord || !strings.Contains(err.Error(), "set by hand: v=spf1 ip4:192.0.2.25 include:other.example ~all") || len(result.Changes) != 0 {
			t.Errorf("%+v %v", result, err)
		}
		p.expect(domain, "TXT", "v=spf1 include:other.example ~all")
	})
}

// TestTwoInstallationsInOneZone: what one has published is foreign to the other.
func TestTwoInstallationsInOneZone(t *testing.T) {
	primaries(t, nil, func(p *primary) {
		p.writes(record("mail."+domain, "A", "192.0.2.25"))
		other := &primary{t: t, server: p.server, tap: p.tap}
		other.DNSUpdate = other.publisher("other")
		if _, err := other.run(record("mail."+domain, "A", "192.0.2.99")); watcher.ReasonOf(err) != publish.ReasonForeignRecord {
			t.Errorf("%v", err)
		}
		other.writes(record("host."+domain, "A", "192.0.2.99"))
		p.writes(record("mail."+domain, "A", "192.0.2.26"))
		p.expect("host."+domain, "A", "192.0.2.99")
		p.expect("mail."+domain, "A", "192.0.2.26")
	})
}

// TestAnAddressIsNotTakenAway while nothing tells another: a load balancer that is made
// anew has none for a while. A family that is given up goes.
func TestAnAddressIsNotTakenAway(t *testing.T) {
	primaries(t, nil, func(p *primary) {
		a, aaaa, mx := record("mail."+domain, "A", "192.0.2.25"), record("mail."+domain, "AAAA", "2001:db8::25"), record(domain, "MX", "10 mail."+domain)
		p.writes(a, aaaa, mx)
		result, err := p.run(mx)
		if must(t, err); result.Reason != publish.ReasonAddressKept || !strings.Contains(result.Message, "A of mail."+domain) || len(result.Changes) != 0 {
			t.Errorf("%+v", result)
		}
		p.expect(a.Name, "A", a.Value)
		p.writes(mx, a)
		p.expect(a.Name, "AAAA")
	})
}

// TestAKeyThatIsGoneStays for the time in which mail that it signed may be on its way, and
// anew after a start; one that was revoked, and what is no key, go at once.
func TestAKeyThatIsGoneStays(t *testing.T) {
	primaries(t, nil, func(p *primary) {
		a, txt := record("mail."+domain, "A", "192.0.2.25"), record("_smtp._tls."+domain, "TXT", "v=TLSRPTv1; rua=mailto:a@"+domain)
		live, ended := record("s1._domainkey."+domain, "TXT", longKey), record("s2._domainkey."+domain, "TXT", "v=DKIM1; k=rsa; h=sha256; p=")
		p.writes(a, txt, live, ended)
		p.Stay = time.Hour
		for range 2 {
			result, err := p.run(a)
			if must(t, err); result.Reason != publish.ReasonKeyKept || !strings.Contains(result.Message, "TXT of "+live.Name) || strings.Contains(result.Message, ended.Name) {
				t.Errorf("%+v", result)
			}
			p.expect(live.Name, "TXT", live.Value)
			p.expect(ended.Name, "TXT")
			p.expect(txt.Name, "TXT")
		}
		if result, err := p.run(a, live); err != nil || result.Reason != "" {
			t.Errorf("it is wanted again: %+v, %v", result, err)
		}
		p.Stay = time.Nanosecond
		p.writes(a)
		p.writes(a)
		p.expect(live.Name, "TXT")
	})
}
