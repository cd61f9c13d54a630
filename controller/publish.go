package controller

import (
	"cmp"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/dnsrecords"
	"github.com/openova-io/smtp-mirror/publish"
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/tlscert"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/zone"
)

// publishers wires the ways into the DNS that are switched on.
func (c *Controller) publishers(reconcilers map[watcher.Target]watcher.Reconciler) {
	home, p := c.o.Config.Stalwart.Namespace, c.o.Config.DNS.Publish
	wanted := func() ([]zone.Record, error) { return c.zone.Wanted(), nil }
	if p.ExternalDNS.Enabled {
		reconcilers[targetExternalDNS] = &publish.DNSEndpoints{Client: c.o.Clients.Flux, Namespace: p.ExternalDNS.Namespace, Owner: c.owner(), Ref: c.recordsRef(),
			Wanted: wanted, Seen: c.verdicts(), Stay: c.o.Config.DKIM.RetireAfter.Duration, DryRun: c.o.DryRun}
	}
	if p.RFC2136.Enabled {
		reconcilers[targetRFC2136] = &publish.DNSUpdate{Server: p.RFC2136.Server, Zone: p.RFC2136.Zone, Owner: c.owner(), Ref: c.recordsRef(),
			Key: c.secrets[home+"/"+p.RFC2136.TSIGSecret].One, Wanted: wanted, Stay: c.o.Config.DKIM.RetireAfter.Duration, DryRun: c.o.DryRun}
	}
	if p.HetznerPTR.Enabled {
		reconcilers[targetPTR] = &publish.PTR{Endpoint: p.HetznerPTR.Endpoint, Ref: c.recordsRef(),
			Token: c.secrets[home+"/"+p.HetznerPTR.TokenSecret].One, Wanted: wanted, Lookup: addressesSeen(c.resolver, c.o.Config.Domain), DryRun: c.o.DryRun}
	}
}

// verdicts tell what was last seen of a record; nil where nobody looks.
func (c *Controller) verdicts() func(zone.Record) zone.Verdict {
	if !c.o.Config.DNS.Look {
		return nil
	}
	return func(r zone.Record) zone.Verdict {
		for _, f := range c.zone.Findings() {
			if f.Record.Type == r.Type && f.Record.Value == r.Value && strings.EqualFold(f.Record.Name, r.Name) {
				return f.Verdict
			}
		}
		return ""
	}
}

// owner is who we are among all that write into a zone, from whatever cluster: what
// another of the same name has published would count as ours, and be removed.
func (c *Controller) owner() string {
	return c.o.Config.Stalwart.Namespace + "." + strings.ToLower(c.o.Config.Domain)
}

// handshakes are how many a second there may be.
const handshakes = rate.Limit(2)

// certificate wires the reconciler of the certificate that Stalwart shows; nil where
// it is somebody else's business.
func (c *Controller) certificate() *tlscert.Keeper {
	cfg := c.o.Config
	if !cfg.OwnsCertificate() {
		return nil
	}
	k := &tlscert.Keeper{Host: cfg.MailHost(), Fleet: c.fleet, Pods: c.incarnations, Where: c.submissionAt, DryRun: c.o.DryRun, SourceRef: c.recordsRef(),
		Turn: rate.NewLimiter(handshakes, 1).Wait}
	if cfg.DNS.Look {
		k.Dane = func(hash string) (zone.Verdict, time.Duration) {
			return c.zone.Spread(zone.Record{Name: zone.DaneName(k.Host), Type: "TLSA", Value: zone.DanePrefix + hash}, time.Now())
		}
	}
	if cfg.TLS.Dir != "" {
		k.Owner, k.Source = cfg.TLS.Dir, tlscert.FromDirectory(cfg.TLS.Dir)
		return k
	}
	k.Owner = cfg.Stalwart.Namespace + "/" + cfg.TLS.Secret
	k.Source = tlscert.FromSecret(k.Owner, c.secrets[k.Owner].One)
	k.SourceRef = corev1.ObjectReference{APIVersion: "v1", Kind: "Secret", Namespace: cfg.Stalwart.Namespace, Name: cfg.TLS.Secret}
	return k
}

// submissionAt is where the first submission's consumers dial, as far as its SOURCE tells.
func (c *Controller) submissionAt() (address string, implicitTLS bool) {
	cfg := c.o.Config
	address = net.JoinHostPort(cfg.MailHost(), strconv.Itoa(portSubmission))
	if len(cfg.Submissions) == 0 {
		return address, false
	}
	s := cfg.Submissions[0]
	source, err := c.secrets[cfg.Stalwart.Namespace+"/"+s.Secret].One()
	if err == nil && source != nil {
		if creds, err := submission.FromSecret(source.Data, cfg.Domain); err == nil {
			return dialed(s.Probe, creds), creds.ImplicitTLS()
		}
	}
	return cmp.Or(s.Probe.Address, address), false
}

// tlsKeys are the keys of the mail host that the DNS must name: of the certificate that is
// to be served, and of what is served until it is another. Before the first handshake the
// documents tell: a start in the middle of a renewal must not take a key away.
func (c *Controller) tlsKeys() []string {
	if c.tls == nil {
		return nil
	}
	keys, seen := c.tls.Served()
	if !seen {
		keys = c.recordedTLSKeys()
	}
	certificate, key, err := c.tls.Source()
	if err != nil {
		return keys
	}
	pair, err := tlscert.Parse(certificate, key)
	if err != nil {
		return keys
	}
	return append(keys, zone.SPKIHash(pair.Leaf))
}

// recordedTLSKeys are those that records.json names.
func (c *Controller) recordedTLSKeys() []string {
	records, err := c.records.One()
	if err != nil || records == nil {
		return nil
	}
	var keys []string
	for _, r := range dnsrecords.Records(records.Data[dnsrecords.RecordsKey]) {
		if hash, found := strings.CutPrefix(r.Value, zone.DanePrefix); found && r.Type == "TLSA" && r.Name == zone.DaneName(c.tls.Host) {
			keys = append(keys, hash)
		}
	}
	return keys
}
