package e2e

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/dkimwatch"
	"github.com/openova-io/smtp-mirror/dnsrecords"
	"github.com/openova-io/smtp-mirror/internal/dnstest"
	"github.com/openova-io/smtp-mirror/internal/rig"
	"github.com/openova-io/smtp-mirror/rotation"
	"github.com/openova-io/smtp-mirror/zone"
)

// published is a site whose zone is on two name servers. Somebody publishes what
// records.json says there, when he is told to.
type published struct {
	*site
	servers []*dnstest.Server
}

func newPublished(t *testing.T, tune func(*config.Config)) *published {
	t.Helper()
	p := &published{}
	for range 2 {
		s, err := dnstest.Start(t.Context(), "127.0.0.1:0")
		must(t, err)
		t.Cleanup(s.Close)
		must(t, s.SetZone(rig.Domain, "@ 300 IN SOA ns1 hostmaster 1 3600 600 86400 1"))
		p.servers = append(p.servers, s)
	}
	p.site = newSite(t, layout{domain: rig.Domain, tune: func(c *config.Config) {
		c.DNS.Look, c.DNS.Servers = true, []string{p.servers[0].Addr, p.servers[1].Addr}
		c.DNS.Recursive = p.servers[0].Addr // which refuses what is not of the zone
		c.DKIM.Manage = config.ManageRotate
		tune(c)
	}})
	return p
}

// zone are the records that records.json lists.
func (p *published) zone(ctx context.Context) []dnsrecords.Record {
	var doc struct{ Records []dnsrecords.Record }
	text := p.Records(ctx, "records.json")
	if text != "" && json.Unmarshal([]byte(text), &doc) != nil { // it is empty while the API server does not answer
		p.t.Errorf("records.json is no JSON: %q", text)
	}
	return doc.Records
}

// publish puts what records.json says on servers, once.
func (p *published) publish(ctx context.Context, servers ...*dnstest.Server) {
	var lines []string
	for _, r := range p.zone(ctx) {
		if line, err := (zone.Record{Name: r.Name, Type: r.Type, TTL: time.Duration(r.TTL) * time.Second, Value: r.Value}).Bind(); err == nil && r.Type != "PTR" {
			lines = append(lines, line)
		}
	}
	for _, s := range servers {
		must(p.t, s.SetZone(rig.Domain, append(lines, "@ 300 IN SOA ns1 hostmaster 1 3600 600 86400 1")...))
	}
}

// ours are the selectors of our keys in a stage, as Stalwart has them.
func (p *published) ours(stage string) (all []string) {
	for _, k := range p.mail.DKIMRecords(rig.Domain) {
		if strings.HasPrefix(k.Selector, "sm2") && (stage == "" || k.Stage == stage) {
			all = append(all, k.Selector)
		}
	}
	slices.Sort(all)
	return all
}

// keep publishes on both servers until a condition holds.
func (p *published) keep(what string, holds func(ctx context.Context) bool) {
	p.t.Helper()
	p.until(what, patience, func(ctx context.Context) bool {
		p.publish(ctx, p.servers...)
		return holds(ctx)
	})
}

// TestDKIMKeysGoThroughTheirStages: a key signs when both servers know it, and not
// before; a request replaces the keys; what is retired is revoked, and then gone.
func TestDKIMKeysGoThroughTheirStages(t *testing.T) {
	t.Parallel()
	p := newPublished(t, func(c *config.Config) {
		c.DKIM.RetireAfter.Duration, c.DKIM.DeleteAfter.Duration = 3*time.Second, 3*time.Second
	})
	p.start()
	p.until("two keys are pending", patience, func(context.Context) bool { return len(p.ours("pending")) == 2 })
	p.until("their records are listed", patience, func(ctx context.Context) bool {
		return len(slices.DeleteFunc(p.zone(ctx), func(r dnsrecords.Record) bool { return !strings.HasPrefix(r.Name, "sm2") })) == 2
	})
	p.publish(t.Context(), p.servers[0])
	p.stays("one server is not enough", 4*time.Second, func(context.Context) bool { return len(p.ours("pending")) == 2 })
	p.keep("they sign", func(context.Context) bool { return len(p.ours("active")) == 2 })
	first := p.ours("active")
	p.until("the page says that they are right", patience, func(ctx context.Context) bool {
		return strings.Contains(p.Records(ctx, "README.md"), "#### `"+first[0]+"._domainkey."+rig.Domain+"` TXT: right")
	})

	p.editRecords(func(c *corev1.ConfigMap) {
		c.Annotations = map[string]string{rotation.Annotation: "one"}
	})
	p.keep("others sign", func(context.Context) bool {
		return len(p.ours("active")) == 2 && !slices.Contains(p.ours("active"), first[0])
	})
	p.keep("the old ones are revoked", func(ctx context.Context) bool {
		return slices.ContainsFunc(p.zone(ctx), func(r dnsrecords.Record) bool {
			return strings.HasPrefix(r.Name, first[0]) && strings.HasSuffix(r.Value, "p=")
		})
	})
	p.keep("and then gone", func(ctx context.Context) bool {
		return len(p.ours("")) == 2 && !slices.ContainsFunc(p.zone(ctx), func(r dnsrecords.Record) bool { return strings.HasPrefix(r.Name, first[0]) })
	})
	for _, reason := range []string{dkimwatch.ChangedKeyMade, dkimwatch.ChangedKeyMoved, dkimwatch.ChangedKeyEnded, dkimwatch.ChangedVerdict} {
		p.until("the Event "+reason, patience, func(ctx context.Context) bool {
			return p.event(ctx, reason, "ConfigMap", rig.RecordsConfigMap, "") != nil
		})
	}
}

// TestTheDNSLies: whatever one of the servers does, nothing is activated, and what
// signs goes on.
func TestTheDNSLies(t *testing.T) {
	t.Parallel()
	p := newPublished(t, func(*config.Config) {})
	lies := map[string]dnstest.Lie{"fails": dnstest.ServFail, "is silent": dnstest.Silent, "is lame": dnstest.Lame, "has another key": dnstest.Says("@ 300 IN TXT \"v=DKIM1; k=rsa; p=AAAA\"")}
	p.start()
	p.until("two keys are pending", patience, func(context.Context) bool { return len(p.ours("pending")) == 2 })
	for what, lie := range lies {
		p.servers[1].Lie(lie)
		p.until("published", patience, func(ctx context.Context) bool { p.publish(ctx, p.servers...); return len(p.zone(ctx)) > 6 })
		p.stays("one server "+what, 3*time.Second, func(ctx context.Context) bool {
			p.publish(ctx, p.servers...)
			return len(p.ours("pending")) == 2
		})
	}
	p.servers[1].Lie()
	p.keep("they sign", func(context.Context) bool { return len(p.ours("active")) == 2 })
	p.servers[1].Lie(dnstest.ServFail)
	p.stays("what signs goes on", 3*time.Second, func(context.Context) bool { return len(p.ours("active")) == 2 })
}
