package controller

import (
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/apikey"
	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/statesecret"
	"github.com/openova-io/smtp-mirror/workload"
)

// keyAge is after how long an API key is replaced.
const keyAge = 30 * 24 * time.Hour

// keyPatience is longer than any run of another controller.
const keyPatience = 35 * time.Second

// keyOwner is the local part of the account that owns the API keys on 0.16.
const keyOwner = "smtp-mirror"

// connect makes the client of Stalwart.
func (c *Controller) connect() error {
	s := c.o.Config.Stalwart
	if _, err := rootsOf(s.CAFile); err != nil {
		return err
	}
	options := stalwart.Options{URL: s.URL, Roots: func() (*x509.CertPool, error) { return rootsOf(s.CAFile) }, Gate: c.adminGate, Credential: c.administrator}
	if s.APIKeySecret != "" {
		c.ring = &apikey.Keyring{Secret: c.secrets[s.Namespace+"/"+s.APIKeySecret].One, Admin: c.administrator, Bad: func() { c.loop.Wake(sourceKeyRefused) }}
		options.Credential, options.Refused = c.ring.Credential, c.ring.Refuse
	}
	var err error
	c.fleet, err = stalwart.NewFleet(options)
	if err != nil {
		return fmt.Errorf("connecting to Stalwart: %w", err)
	}
	return nil
}

// administrator reads his Secret.
func (c *Controller) administrator() (stalwart.Credential, error) {
	s := c.o.Config.Stalwart
	secret, err := c.secrets[s.Namespace+"/"+s.AdminSecret].One()
	if err != nil {
		return stalwart.Credential{}, err
	}
	return credential(secret, s)
}

// keeper wires the reconciler of the API key.
func (c *Controller) keeper() *apikey.Keeper {
	cfg := c.o.Config
	home := cfg.Stalwart.Namespace
	k := &apikey.Keeper{
		Store: &statesecret.Store{Secrets: c.o.Clients.Core.Secrets(home), Namespace: home, Name: cfg.Stalwart.APIKeySecret, Key: apikey.KeyDocument},
		Login: stalwart.Login{User: keyOwner, Domain: strings.ToLower(cfg.Domain)}, Desired: apikey.Desired{Powers: powers(cfg), AllowedIPs: cfg.Stalwart.AllowedIPs, Every: keyAge, Patience: keyPatience},
		Fleet: c.fleet, Ring: c.ring, AdminRef: corev1.ObjectReference{APIVersion: "v1", Kind: "Secret", Namespace: home, Name: cfg.Stalwart.AdminSecret},
		AdminSecret: c.secrets[home+"/"+cfg.Stalwart.AdminSecret].One, DryRun: c.o.DryRun,
	}
	if cfg.Stalwart.Restart.Enabled {
		k.Restarter = c.restarter()
	}
	return k
}

// powers are the rights that the configuration needs.
func powers(cfg *config.Config) stalwart.Powers {
	p := stalwart.Powers{Webhooks: cfg.Webhook.Enabled, AllowedIPs: len(cfg.Stalwart.AllowedIPs) > 0, DKIM: cfg.OwnsKeys(), Certificates: cfg.OwnsCertificate()}
	for _, s := range cfg.Submissions {
		p.AppPasswords = p.AppPasswords || s.Rotates()
		p.Bounces = p.Bounces || s.ReceiveBounces
		p.Listeners = p.Listeners || *s.Listener.Manage
	}
	return p
}

// restarter is the workload that runs Stalwart.
func (c *Controller) restarter() *workload.Workload {
	s := c.o.Config.Stalwart
	return &workload.Workload{Apps: c.o.Clients.Apps, Kind: s.Restart.Kind, Namespace: s.Namespace, Name: s.Restart.Name}
}
