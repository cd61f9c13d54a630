package controller

import (
	"context"
	"errors"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/dkimkeys"
	"github.com/openova-io/smtp-mirror/dkimwatch"
	"github.com/openova-io/smtp-mirror/dnsrecords"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/rotation"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/statesecret"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/zone"
)

// watchDNS makes the feeds of what the public side follows from.
func (c *Controller) watchDNS() {
	cfg, home := c.o.Config, c.o.Config.Stalwart.Namespace
	if cfg.TLS.Secret != "" {
		c.secret(home, cfg.TLS.Secret, sourceTLS)
	}
	if cfg.DNS.Publish.RFC2136.Enabled {
		c.secret(home, cfg.DNS.Publish.RFC2136.TSIGSecret, sourceTSIG)
	}
	if cfg.DNS.Publish.HetznerPTR.Enabled {
		c.secret(home, cfg.DNS.Publish.HetznerPTR.TokenSecret, sourceToken)
	}
	c.service = watcher.NewFeed(watcher.Service(c.o.Clients.Core, cfg.DNS.Service.Namespace, cfg.DNS.Service.Name), c.waker(sourceService))
	c.feeds = append(c.feeds, c.service)
}

// outside wires what concerns the public side, as far as it is asked for.
func (c *Controller) outside(reconcilers map[watcher.Target]watcher.Reconciler) {
	if c.o.Config.DNS.Look {
		reconcilers[targetTruth] = c.truth()
	}
	if c.o.Config.OwnsKeys() {
		reconcilers[targetKeys] = c.keys()
	}
	if c.tls = c.certificate(); c.tls != nil {
		reconcilers[targetTLS] = c.tls
	}
	c.publishers(reconcilers)
}

// record wires the reconciler of the dns-records ConfigMap. A trouble is reported
// on the first SOURCE where the ConfigMap may not be looked at.
func (c *Controller) record() *dkimwatch.Record {
	cfg := c.o.Config
	r := &dkimwatch.Record{
		Domain: cfg.Domain, Namespace: cfg.DNSRecords.Namespace, Name: cfg.DNSRecords.Name, KeyDir: cfg.DKIMKeyDir, ConfigMap: c.records.One,
		ConfigMaps: c.o.Clients.Core.ConfigMaps(cfg.DNSRecords.Namespace), Fleet: c.fleet, DryRun: c.o.DryRun,
		Stay: cfg.DKIM.RetireAfter.Duration, Facts: c.facts, Board: &c.zone, Moved: func() { c.loop.Wake(sourceWanted) },
	}
	if cfg.OwnsKeys() {
		r.State = c.dkimState
	}
	if len(cfg.Submissions) > 0 {
		r.SourceRef = c.ref(cfg.Submissions[0].Secret)
	}
	return r
}

// truth wires the reconciler that looks at the public DNS.
func (c *Controller) truth() *dkimwatch.Truth {
	return &dkimwatch.Truth{Domain: c.o.Config.Domain, Ref: c.recordsRef(), Board: &c.zone, Answers: c.resolver.Answers, Reverse: nameSeen(c.resolver),
		Changed: func() { c.loop.Wake(sourceTruth) }}
}

// keys wires the reconciler of our DKIM keys.
func (c *Controller) keys() *dkimwatch.Keys {
	cfg := c.o.Config
	k := &dkimwatch.Keys{
		Domain: cfg.Domain, Ref: c.recordsRef(), Store: c.dkimStore(), Fleet: c.fleet, Pods: c.incarnations, Desired: c.dkimDesired,
		Private: func(selector string) (redact.Secret, error) { return dkimwatch.ReadPrivate(cfg.DKIMKeyDir, selector) },
		Sight:   func(l dkimkeys.Listed) dkimkeys.Sight { return c.zone.Key(cfg.Domain, l) },
		Taken:   c.taken, Backup: cfg.DKIM.Backup.Enabled, DryRun: c.o.DryRun,
	}
	if c.ring != nil {
		k.Admin = func(ctx context.Context) (stalwart.Directory, error) { return c.fleet.As(c.administrator).Detect(ctx) }
	}
	if c.wantsProofMail() {
		k.Send = c.proofMail(cfg.Submissions[0], cfg.DKIM.ProofRecipient)
	}
	return k
}

// wantsProofMail reports whether a key's first use is looked for.
func (c *Controller) wantsProofMail() bool {
	return c.o.Config.DKIM.ProofRecipient != "" && len(c.o.Config.Submissions) > 0
}

func (c *Controller) recordsRef() corev1.ObjectReference {
	r := c.o.Config.DNSRecords
	return corev1.ObjectReference{APIVersion: "v1", Kind: "ConfigMap", Namespace: r.Namespace, Name: r.Name}
}

func (c *Controller) dkimStore() *statesecret.Store {
	home := c.o.Config.Stalwart.Namespace
	return &statesecret.Store{Secrets: c.o.Clients.Core.Secrets(home), Namespace: home, Name: c.o.Config.DKIM.Backup.Secret, Key: dkimkeys.KeyState}
}

// dkimState reads what is kept of our keys, past every cache.
func (c *Controller) dkimState(ctx context.Context) (dkimkeys.State, error) {
	text, _, err := c.dkimStore().Load(ctx)
	if err != nil {
		return dkimkeys.State{}, err
	}
	return dkimkeys.DecodeState(text)
}

// dkimDesired is what the configuration, a mounted directory and an annotation of
// the ConfigMap ask of our keys.
func (c *Controller) dkimDesired() (dkimkeys.Desired, error) {
	cfg := c.o.Config.DKIM
	words := map[string]string{}
	d := dkimkeys.Desired{Rotate: cfg.Manage == config.ManageRotate, Every: cfg.RotateEvery.Duration, RetireAfter: cfg.RetireAfter.Duration, DeleteAfter: cfg.DeleteAfter.Duration,
		Proof: c.wantsProofMail()}
	for _, word := range cfg.Algorithms {
		d.Algorithms = append(d.Algorithms, config.DKIMAlgorithms[word])
		words[config.DKIMAlgorithms[word]] = word
	}
	d.Selector = dkimkeys.Template(cfg.Selector, words)
	records, err := c.records.One()
	if err != nil {
		return d, err
	}
	if records != nil {
		d.Request = rotation.Request(records.Annotations[rotation.Annotation])
	}
	if cfg.Import && c.o.Config.DKIMKeyDir != "" {
		mounted, _ := dkimwatch.ReadMounted(c.o.Config.DKIMKeyDir) // a file that is no key is the record keeper's to report
		for _, m := range mounted {
			d.Import = append(d.Import, dkimkeys.Mounted{Selector: m.Selector, Algorithm: m.Algorithm, PublicKey: m.PublicKey})
		}
	}
	return d, nil
}

// taken are the selectors that the documents name, whoever has used them.
func (c *Controller) taken() []string {
	records, err := c.records.One()
	if err != nil || records == nil {
		return nil
	}
	var all []string
	for _, k := range dnsrecords.Keys(records.Data[dnsrecords.RecordsKey]) {
		all = append(all, k.Selector)
	}
	return all
}

// configured are the facts that the configuration says itself.
func configured(cfg *config.Config) zone.Facts {
	return zone.Facts{Domain: strings.ToLower(cfg.Domain), MailHost: cfg.MailHost(), SPFSenders: cfg.DNS.SPF.Senders, SPFPolicy: cfg.DNS.SPF.Policy, DMARCPolicy: cfg.DNS.DMARC.Policy, DMARCReport: cfg.DNS.DMARC.RUA,
		TLSReport: cfg.DNS.TLSRPT, PolicyHost: cfg.DNS.MTASTS.Host, PolicyMode: cfg.DNS.MTASTS.Mode, CAAIssuers: cfg.DNS.CAA, Submission: portSubmission, Submissions: portSubmissions}
}

// facts are what the records of the domain follow from, without the keys.
func (c *Controller) facts() (zone.Facts, error) {
	f := configured(c.o.Config)
	f.TLSKeys = c.tlsKeys()
	service, err := c.service.One()
	var denied *watcher.DeniedError
	if errors.As(err, &denied) {
		return f, nil // the address is one fact among many
	}
	if err != nil || service == nil {
		return f, err
	}
	f.Addresses = serviceAddresses(service)
	f.Submission, f.Submissions = servicePorts(service)
	return f, nil
}
