package controller

import (
	"slices"
	"time"

	"github.com/openova-io/smtp-mirror/audit"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/zone"
)

// follow wakes whom a run of a target of the public side concerns, and tells the
// metrics.
func (c *Controller) follow(t watcher.Transition) {
	changed := len(t.Result.Changes) > 0
	switch t.After.Name {
	case targetKeys:
		if changed {
			c.loop.Wake(sourceKeys)
		}
	case targetExternalDNS, targetRFC2136, targetPTR:
		if changed {
			c.zone.Hurry()
			c.loop.Wake(sourcePublished)
		}
	case targetTruth:
		c.o.Metrics.DNS(c.dnsRecords())
	case targetTLS:
		if served, _ := c.tls.Served(); !slices.Equal(served, c.shown) {
			c.shown = served
			c.loop.Wake(sourceServed)
		}
		if !c.tls.NotAfter().IsZero() {
			c.o.Metrics.Certificate(c.tls.Host, c.tls.DaysLeft(time.Now()))
		}
	}
}

// dnsRecords are the records by their labels. Where several share one, the worst
// verdict is the label's.
func (c *Controller) dnsRecords() []audit.DNSRecord {
	var all []audit.DNSRecord
	at := map[string]int{}
	for _, f := range c.zone.Findings() {
		label := f.Record.Label()
		one := audit.DNSRecord{Record: label, State: string(f.Verdict), Published: c.zone.LastPublished(f.Record)}
		i, there := at[label]
		if !there {
			at[label] = len(all)
			all = append(all, one)
			continue
		}
		if zone.Worst(f.Verdict, zone.Verdict(all[i].State)) == f.Verdict {
			all[i] = one
		}
	}
	return all
}
