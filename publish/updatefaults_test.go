package publish_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/internal/dnsservers"
	"github.com/openova-io/smtp-mirror/publish"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/zone"
)

// by changes the zone as somebody else does.
func (p *primary) by(add string, remove ...string) {
	m := new(dns.Msg).SetUpdate(domain + ".")
	for _, line := range remove {
		rr, err := dns.NewRR(line)
		must(p.t, err)
		m.Remove([]dns.RR{rr})
	}
	rr, err := dns.NewRR(add)
	must(p.t, err)
	m.Insert([]dns.RR{rr})
	m.SetTsig("updater.", dns.HmacSHA256, 300, time.Now().Unix())
	client := dns.Client{Net: "tcp", Timeout: 5 * time.Second, TsigSecret: map[string]string{"updater.": tsigSecret}}
	answer, _, err := client.Exchange(m, p.server.Addr())
	if must(p.t, err); answer.Rcode != dns.RcodeSuccess {
		p.t.Fatal(answer)
	}
}

// TestASelectorOfOursHoldsOnlyOurKey: another key there is removed; so is what
// somebody made of our record. In a set that is not a selector it stays, and is no
// trouble where ours is enough beside it.
func TestASelectorOfOursHoldsOnlyOurKey(t *testing.T) {
	primaries(t, nil, func(p *primary) {
		selector, a := record("s1._domainkey."+domain, "TXT", longKey), record("mail."+domain, "A", "192.0.2.25")
		p.writes(selector, a)
		p.by(selector.Name+`. 60 IN TXT "v=DKIM1; p=ZXZpbA=="`, `s1._domainkey.`+domain+`. 0 IN TXT `+zone.Quote(longKey))
		p.by(a.Name + ". 60 IN A 192.0.2.66")
		if n := p.writes(selector, a); n != 1 {
			t.Errorf("%d updates", n)
		}
		p.expect(selector.Name, "TXT", longKey)
		p.expect(a.Name, "A", a.Value, "192.0.2.66")
	})
}

// TestAWildcardIsNoRecord: what it answers stands in nobody's way.
func TestAWildcardIsNoRecord(t *testing.T) {
	primaries(t, []string{"*." + domain + ". 60 IN A 192.0.2.1", `*.` + domain + `. 60 IN TXT "v=spf1 -all"`, "*.web." + domain + ". 60 IN CNAME " + domain + "."}, func(p *primary) {
		wanted := []zone.Record{record("mail."+domain, "A", "192.0.2.25"), record("_dmarc."+domain, "TXT", dmarc), record("a.web."+domain, "A", "192.0.2.25"), record("x."+domain, "TXT", "ours")}
		p.writes(wanted...)
		p.expect("mail."+domain, "A", "192.0.2.25")
		p.expect("_dmarc."+domain, "TXT", dmarc)
		p.expect("a.web."+domain, "A", "192.0.2.25")
		p.expect("x."+domain, "TXT", "ours")
		p.expect("other."+domain, "A", "192.0.2.1")
	})
}

// TestSomebodyIsFaster: what was not read is not overwritten.
func TestSomebodyIsFaster(t *testing.T) {
	primaries(t, nil, func(p *primary) {
		p.tap.once(func() { p.by("_dmarc." + domain + `. 60 IN TXT "v=DMARC1; p=none"`) })
		if _, err := p.run(record("_dmarc."+domain, "TXT", dmarc)); watcher.ReasonOf(err) != publish.ReasonDNSUpdateRaced {
			t.Errorf("%v", err)
		}
		p.expect("_dmarc."+domain, "TXT", "v=DMARC1; p=none")
		if _, err := p.run(record("_dmarc."+domain, "TXT", dmarc)); watcher.ReasonOf(err) != publish.ReasonForeignRecord {
			t.Errorf("%v", err)
		}
	})
}

// TestACNAMENeedsTheNameAlone: BIND would take the update and do nothing.
func TestACNAMENeedsTheNameAlone(t *testing.T) {
	primaries(t, []string{"mta-sts." + domain + ". 60 IN A 192.0.2.1"}, func(p *primary) {
		if _, err := p.run(record("mta-sts."+domain, "CNAME", "mail."+domain)); watcher.ReasonOf(err) != publish.ReasonForeignRecord {
			t.Errorf("%v", err)
		}
		p.expect("mta-sts."+domain, "A", "192.0.2.1")
		p.expect(owner+"._smtp-mirror."+domain, "TXT")
	})
}

// TestASecondaryIsAsked: what is not seen afterwards is no success.
func TestASecondaryIsAsked(t *testing.T) {
	primaries(t, nil, func(p *primary) {
		secondary, err := dnsservers.Starters()[p.server.Name](t.Context(), dnsservers.Options{Zone: domain, Keys: []dnsservers.Key{key("updater")}})
		must(t, err)
		t.Cleanup(func() { must(t, secondary.Close()) })
		p.tap.queries = secondary.Addr()
		if result, err := p.run(record("mail."+domain, "A", "192.0.2.25")); watcher.ReasonOf(err) != publish.ReasonUpdateNotSeen || len(result.Changes) != 1 {
			t.Errorf("%+v %v", result, err)
		}
	})
}

// TestAnotherZone: where nothing of what is wanted is in the zone, nothing is removed.
func TestAnotherZone(t *testing.T) {
	primaries(t, nil, func(p *primary) {
		a := record("mail."+domain, "A", "192.0.2.25")
		p.writes(a)
		if result, err := p.run(record("mail.example.net", "A", "192.0.2.25")); watcher.ReasonOf(err) != publish.ReasonZoneNotServed || len(result.Changes) != 0 {
			t.Errorf("%+v %v", result, err)
		}
		p.expect(a.Name, "A", a.Value)
	})
}

// TestADryRunWritesNothing and says what it would write.
func TestADryRunWritesNothing(t *testing.T) {
	primaries(t, nil, func(p *primary) {
		p.DryRun = true
		result, err := p.run(record("mail."+domain, "A", "192.0.2.25"))
		must(t, err)
		if result.Reason != publish.ReasonWouldPublish || result.Message != "would update A of mail."+domain+": 1 added, 0 removed" || p.tap.updates() != 0 {
			t.Errorf("%+v", result)
		}
	})
}

// TestEachRefusalSaysWhatToDo: what the two servers answer differs, what we say is
// always a reason of the runbook, with the name of the thing to mend.
func TestEachRefusalSaysWhatToDo(t *testing.T) {
	other := "b3RoZXI="
	rows := []struct {
		name         string
		key          func() (*corev1.Secret, error)
		zone, reason string
		bind, both   string // what is said; PowerDNS does not tell bad signatures apart
	}{
		{"unknown key", keySecret("nobody", "hmac-sha256", tsigSecret), domain, publish.ReasonTSIGRejected, "BADKEY", `"nobody."`},
		{"another algorithm", keySecret("updater", "hmac-sha512", tsigSecret), domain, publish.ReasonTSIGRejected, "BADKEY", "hmac-sha512"},
		{"another secret", keySecret("updater", "hmac-sha256", other), domain, publish.ReasonTSIGRejected, "BADSIG", "updater"},
		{"may not", keySecret("idle", "hmac-sha256", tsigSecret), domain, publish.ReasonUpdateRefused, "allow-update", "TSIG-ALLOW-DNSUPDATE"},
		{"another zone", keySecret("updater", "hmac-sha256", tsigSecret), "example.net", publish.ReasonZoneNotServed, "example.net", "does not answer"},
		{"no name", keySecret("", "", other), domain, publish.ReasonTSIGKeyInvalid, "name", "mail/tsig"},
		{"md5", keySecret("updater", "hmac-md5", other), domain, publish.ReasonTSIGKeyInvalid, "hmac-sha256", "algorithm"},
		{"no base64", keySecret("updater", "", "%%%"), domain, publish.ReasonTSIGKeyInvalid, "secret", "base64"},
		{"no Secret", func() (*corev1.Secret, error) { return nil, nil }, domain, publish.ReasonTSIGKeyMissing, "Secret", "exist"},
	}
	primaries(t, nil, func(p *primary) {
		for _, row := range rows {
			p.DNSUpdate = p.publisher(owner)
			p.Key, p.Zone = row.key, row.zone
			_, err := p.run(record("mail."+row.zone, "A", "192.0.2.25"))
			want := row.both
			if p.server.Name == "BIND" && err != nil && !strings.Contains(err.Error(), row.bind) {
				want = row.bind
			}
			if watcher.ReasonOf(err) != row.reason || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), other) {
				p.t.Errorf("%s: %s: %v, want %s", row.name, watcher.ReasonOf(err), err, want)
			}
		}
		p.expect("mail."+domain, "A")
		p.DNSUpdate = p.publisher(owner)
		p.Key = keySecret("strong", "HMAC-SHA512", tsigSecret)
		if n := p.writes(record("mail."+domain, "A", "192.0.2.25")); n != 1 {
			t.Errorf("%d updates with hmac-sha512", n)
		}
	})
}

// TestAWrongClock: a bubble of synctest lives in the year 2000.
func TestAWrongClock(t *testing.T) {
	primaries(t, nil, func(p *primary) {
		var err error
		synctest.Test(p.t, func(t *testing.T) {
			u := *p.DNSUpdate
			u.Server = p.server.Addr()
			u.Wanted = func() ([]zone.Record, error) { return []zone.Record{record("mail."+domain, "A", "192.0.2.25")}, nil }
			_, err = u.Reconcile(context.Background())
		})
		if watcher.ReasonOf(err) != publish.ReasonTSIGRejected || !strings.Contains(err.Error(), "clock") {
			p.t.Errorf("%v", err)
		}
		p.expect("mail."+domain, "A")
	})
}

// TestNobodyAnswers is a wait that names the address.
func TestNobodyAnswers(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	p := &primary{t: t, tap: &tap{listener: l}}
	for _, refuses := range []bool{false, true} {
		if refuses {
			must(t, l.Close())
		}
		p.DNSUpdate = p.publisher(owner)
		p.Timeout = 20 * time.Millisecond
		_, err := p.run(record("mail."+domain, "A", "192.0.2.25"))
		if watcher.ReasonOf(err) != publish.ReasonDNSServerSilent || !strings.Contains(err.Error(), p.Server) {
			t.Errorf("%v", err)
		}
	}
}
