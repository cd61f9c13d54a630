package controller

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/audit"
	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/resolver"
	"github.com/openova-io/smtp-mirror/rollout"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/stalwartsync"
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/watcher"
)

// New wires a configuration. Nothing runs and nothing is dialed before Run.
func New(o Options) (*Controller, error) {
	c := &Controller{o: o, adminGate: o.Gates.Named("administrator of " + o.Config.Stalwart.URL), loginGates: map[string]*stalwart.Gate{}, trust: &fileSet{},
		secrets: map[string]*watcher.Feed[*corev1.Secret]{}, sources: map[string][]watcher.Source{}, consumers: map[string][]*rollout.Consumer{}, nudge: make(chan struct{}, 1)}
	c.trail = &audit.Trail{Log: o.Log, Events: o.Events, Metrics: o.Metrics}
	c.knocker = watcher.NewKnocker(c.answered)
	c.watchObjects()
	if err := c.connect(); err != nil {
		return nil, err
	}
	c.pulse = newPulse(c)
	var err error
	if c.resolver, err = resolver.New(resolver.Config{Servers: o.Config.DNS.Servers, Recursive: o.Config.DNS.Recursive}); err != nil {
		return nil, err
	}
	reconcilers := map[watcher.Target]watcher.Reconciler{targetRecord: c.record()}
	if c.ring != nil {
		reconcilers[targetAPIKey] = c.keeper()
	}
	c.outside(reconcilers)
	for _, s := range o.Config.Submissions {
		reconcilers[targetRelay(s)] = c.relay(s)
		for _, m := range s.Mirrors {
			reconcilers[targetMirror(m)] = c.mirror(s, m)
			for _, x := range m.Consumers {
				reconcilers[targetConsumer(s, x)] = c.consumer(s, m, x)
			}
		}
	}
	c.loop = watcher.NewLoop(watcher.LoopOptions{Reconcilers: reconcilers, Routes: Routes(o.Config), Resync: o.Config.Resync.Duration, Observe: c.observe, Metrics: o.Queue})
	return c, nil
}

// watchObjects makes one feed per object that is named anywhere.
func (c *Controller) watchObjects() {
	cfg, core := c.o.Config, c.o.Clients.Core
	c.secret(cfg.Stalwart.Namespace, cfg.Stalwart.AdminSecret, sourceAdmin)
	if cfg.Stalwart.APIKeySecret != "" {
		c.secret(cfg.Stalwart.Namespace, cfg.Stalwart.APIKeySecret, sourceAPIKey)
	}
	if cfg.Webhook.Enabled {
		c.secret(cfg.Stalwart.Namespace, cfg.Webhook.Secret, sourceWebhookKey)
	}
	c.watchDNS()
	for _, s := range cfg.Submissions {
		c.secret(cfg.Stalwart.Namespace, s.Secret, sourceSubmission(s.Secret))
		c.trust.add(s.Probe.CAFile)
		for _, m := range s.Mirrors {
			c.secret(m.Namespace, m.Name, sourceMirror(m))
			c.rendered(m)
		}
	}
	c.records = watcher.NewFeed(watcher.ConfigMap(core, cfg.DNSRecords.Namespace, cfg.DNSRecords.Name), c.waker(sourceRecords))
	c.pods = watcher.NewFeed(watcher.Pods(core, cfg.Stalwart.Namespace, cfg.Stalwart.PodSelector), c.podsChanged())
	c.feeds = append(c.feeds, c.records, c.pods)
	c.trust.add(cfg.Stalwart.CAFile)
}

// secret adds a feed, or another source to the feed of an object that has two
// roles.
func (c *Controller) secret(namespace, name string, source watcher.Source) {
	id := namespace + "/" + name
	c.sources[id] = append(c.sources[id], source)
	if c.secrets[id] != nil {
		return
	}
	f := watcher.NewFeed(watcher.Secret(c.o.Clients.Core, namespace, name), func() {
		for _, s := range c.sources[id] {
			c.waker(s)()
		}
	})
	c.secrets[id] = f
	c.feeds = append(c.feeds, f)
}

// waker wakes the targets of a source; whatever woke, the API server answers.
func (c *Controller) waker(source watcher.Source) func() {
	return func() {
		c.loop.Wake(source)
		select {
		case c.nudge <- struct{}{}:
		default:
		}
	}
}

// podsChanged compares what is known of Stalwart's Pods: any change is a reason
// to look, another process is a restart. The feed calls it from several goroutines.
func (c *Controller) podsChanged() func() {
	var mu sync.Mutex
	var last, lives string
	return func() {
		mu.Lock()
		defer mu.Unlock()
		all := c.incarnations()
		now, living := watcher.Digest(all), watcher.Lives(all)
		if c.blind() != nil {
			now = "not permitted"
		}
		restarted := lives != "" && living != "" && living != lives
		changed := now != last
		last = now
		if living != "" {
			lives = living
		}
		switch {
		case restarted:
			c.restarted()
		case changed:
			c.loop.Wake(sourceStalwart)
		}
	}
}

// incarnations lists Stalwart's Pods; a feed that may not look lists none.
func (c *Controller) incarnations() []watcher.Incarnation {
	pods, err := c.pods.All()
	if err != nil {
		return nil
	}
	return watcher.Incarnations(pods, c.o.Config.Stalwart.Container)
}

// credential reads the administrator's Secret.
func credential(secret *corev1.Secret, s config.Stalwart) (stalwart.Credential, error) {
	if secret == nil {
		return stalwart.Credential{}, &watcher.HoldError{Why: stalwartsync.ReasonAdminSecretMissing, Text: "the secret " + s.Namespace + "/" + s.AdminSecret + " does not exist"}
	}
	cred, err := stalwart.AdminFromSecret(secret.Data, s.AdminUser)
	if err != nil {
		return cred, &watcher.HoldError{Why: stalwartsync.ReasonAdminSecretInvalid, Text: "the secret " + s.Namespace + "/" + s.AdminSecret + ": " + err.Error()}
	}
	return cred, nil
}

// rootsOf reads a CA bundle; "" is the system's.
func rootsOf(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file) //nolint:gosec // the operator's choice
	if err != nil {
		return nil, fmt.Errorf("reading the CA file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("the CA file " + file + " holds no certificate")
	}
	return pool, nil
}

// ref is the SOURCE as the object of Events.
func (c *Controller) ref(secret string) corev1.ObjectReference {
	return corev1.ObjectReference{APIVersion: "v1", Kind: "Secret", Namespace: c.o.Config.Stalwart.Namespace, Name: secret}
}

// request says where and how consumers dial, for the probe. The CA file is read
// anew each time: it may be a mounted Secret.
func request(p config.Probe) func(submission.Credentials) (smtpprobe.Request, error) {
	return func(creds submission.Credentials) (smtpprobe.Request, error) {
		roots, err := rootsOf(p.CAFile)
		return smtpprobe.Request{Address: dialed(p, creds), ServerName: cmp.Or(p.ServerName, creds.Host), Roots: roots, NoVerify: p.InsecureSkipVerify}, err
	}
}

// dialed is the address that consumers dial, or the one that is configured instead.
func dialed(p config.Probe, creds submission.Credentials) string {
	return cmp.Or(p.Address, net.JoinHostPort(creds.Host, strconv.Itoa(int(creds.Port))))
}

// wish is what the configuration asks of Stalwart for one submission. What is
// the server's and not the submission's is the first one's to ask for.
func (c *Controller) wish(s config.Submission) func() (stalwartsync.Wish, error) {
	cfg := c.o.Config
	w := stalwartsync.Wish{Domain: cfg.Domain, OwnKeys: cfg.DKIM.Manage == config.ManageRotate, SendAs: s.SendAs, ReceiveBounces: s.ReceiveBounces, ListenerManage: *s.Listener.Manage,
		ListenerName: s.Listener.Name, ListenerBind: s.Listener.Bind}
	if s.Name != cfg.Submissions[0].Name {
		return func() (stalwartsync.Wish, error) { return w, nil }
	}
	w.AllowedIPs = cfg.Stalwart.AllowedIPs
	return func() (stalwartsync.Wish, error) {
		if !cfg.Webhook.Enabled {
			return w, nil
		}
		key, err := c.webhookKey()
		if err != nil {
			return w, err // without a webhook
		}
		with := w
		with.Webhook = &stalwart.Webhook{URL: cfg.Webhook.URL, Key: key}
		return with, nil
	}
}

// webhookKey is the key of the webhook's signatures.
func (c *Controller) webhookKey() (redact.Secret, error) {
	cfg := c.o.Config
	id := cfg.Stalwart.Namespace + "/" + cfg.Webhook.Secret
	secret, err := c.secrets[id].One()
	if err != nil {
		return redact.Secret{}, err
	}
	if secret == nil || len(secret.Data[config.KeyWebhookSignature]) == 0 {
		return redact.Secret{}, &watcher.HoldError{Why: ReasonWebhookKeyMissing, Text: "the secret " + id + " has no " + config.KeyWebhookSignature}
	}
	return redact.New(string(secret.Data[config.KeyWebhookSignature])), nil
}

// ReasonWebhookKeyMissing is the reason of a webhook without a key.
const ReasonWebhookKeyMissing = "WebhookKeyMissing"

// probe is the real dialogue.
func probe(ctx context.Context, r smtpprobe.Request) smtpprobe.Result { return smtpprobe.Probe(ctx, r) }
