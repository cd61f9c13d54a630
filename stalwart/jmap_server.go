package stalwart

import (
	"context"
	"slices"
)

type jmapSettings struct {
	Hostname string `json:"defaultHostname"`
	DomainID string `json:"defaultDomainId"`
}

// defaults reads the system settings. A default domain that was never set is an
// id that leads nowhere. known is a domain that need not be asked for.
func (j *jmap) defaults(ctx context.Context, all answers, known *jmapDomain) (Defaults, error) {
	var settings []jmapSettings
	if err := all.list("SystemSettings", &settings); err != nil {
		return Defaults{}, err
	}
	if len(settings) == 0 {
		return Defaults{}, &UnexpectedError{"x:SystemSettings/get", "no settings"}
	}
	d := Defaults{Hostname: settings[0].Hostname}
	if known != nil && known.ID == settings[0].DomainID {
		d.Domain = known.Name
		return d, nil
	}
	names, err := j.domainNames(ctx, settings[0].DomainID)
	if len(names) > 0 {
		d.Domain = names[0]
	}
	return d, err
}

// SetDefaults sets the fields that are not empty.
func (j *jmap) SetDefaults(ctx context.Context, d Defaults) error {
	patch := obj{}
	if d.Hostname != "" {
		patch["defaultHostname"] = d.Hostname
	}
	if d.Domain != "" {
		domain, err := j.Domain(ctx, d.Domain)
		if err != nil {
			return err
		}
		if domain == nil {
			return &UnexpectedError{"x:Domain/query", "no domain " + d.Domain + " right after it was there"}
		}
		patch["defaultDomainId"] = domain.ID
	}
	e, err := j.update(ctx, "SystemSettings", singleton, patch)
	if err != nil {
		return err
	}
	return refused("setting the default hostname and domain", e)
}

type jmapListener struct {
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Protocol string          `json:"protocol"`
	Implicit bool            `json:"tlsImplicit"`
	Bind     map[string]bool `json:"bind"`
}

// listeners are every x:NetworkListener. What is listed is bound since the last
// start of the process, not necessarily now.
func (a answers) listeners() ([]Listener, error) {
	var found []jmapListener
	err := a.list("NetworkListener", &found)
	var all []Listener
	for _, l := range found {
		all = append(all, l.listener())
	}
	return all, err
}

func (l jmapListener) listener() Listener {
	var binds []string
	for address, on := range l.Bind {
		if on {
			binds = append(binds, address)
		}
	}
	slices.Sort(binds)
	return Listener{ID: l.ID, Name: l.Name, Protocol: l.Protocol, Binds: binds, Implicit: l.Implicit}
}

// Bind creates a listener, or adds its addresses to the listener whose ID it
// carries; the addresses that are there stay.
func (j *jmap) Bind(ctx context.Context, l Listener) error {
	if l.ID == "" {
		e, err := j.create(ctx, "NetworkListener", obj{"name": l.Name, "protocol": l.Protocol, "useTls": true, "tlsImplicit": l.Implicit, "bind": setOf(l.Binds)})
		if err != nil {
			return err
		}
		if e != nil && e.Type == "primaryKeyViolation" {
			return &BusyError{"somebody else has just created the listener " + l.Name}
		}
		return refused("creating the listener "+l.Name, e)
	}
	patch := obj{}
	for _, b := range l.Binds {
		patch["bind/"+b] = true
	}
	e, err := j.update(ctx, "NetworkListener", l.ID, patch)
	if err != nil {
		return err
	}
	return refused("adding an address to the listener "+l.Name, e)
}

// allowedIPs are the addresses and networks that are exempt from bans.
func (a answers) allowedIPs() ([]string, error) {
	var found []struct{ Address string }
	err := a.list("AllowedIp", &found)
	var all []string
	for _, a := range found {
		all = append(all, a.Address)
	}
	return all, err
}

// AllowIP exempts an address or network; effective after Reload.
func (j *jmap) AllowIP(ctx context.Context, cidr string) error {
	e, err := j.create(ctx, "AllowedIp", obj{"address": cidr, "reason": "smtp-mirror"})
	if err != nil || e != nil && e.Type == "primaryKeyViolation" {
		return err // somebody else has exempted it, perhaps in another notation
	}
	return refused("exempting "+cidr+" from bans", e)
}

// headerKeyID is sent with each event of a webhook that is ours, and says which
// key it was given.
const headerKeyID = "X-Smtp-Mirror-Key-Id"

// webhooks are what Stalwart reports to.
func (a answers) webhooks() ([]WebhookEntry, error) {
	var found []struct {
		ID      string            `json:"id"`
		URL     string            `json:"url"`
		Enable  bool              `json:"enable"`
		Headers map[string]string `json:"httpHeaders"`
	}
	err := a.list("WebHook", &found)
	var all []WebhookEntry
	for _, w := range found {
		if w.Enable {
			all = append(all, WebhookEntry{ID: w.ID, URL: w.URL, KeyID: w.Headers[headerKeyID]})
		}
	}
	return all, err
}

// WebhookEvents are the events that are worth waking for.
func WebhookEvents() []string {
	return []string{"server.startup", "smtp.mail-from-unauthorized", "auth.failed"}
}

// AddWebhook makes Stalwart report [WebhookEvents]; effective after Reload.
func (j *jmap) AddWebhook(ctx context.Context, w Webhook) error {
	e, err := j.create(ctx, "WebHook", obj{"url": w.URL, "enable": true, "eventsPolicy": "include", "events": setOf(WebhookEvents()),
		"level": "info", "throttle": 1000, "signatureKey": obj{"@type": "Value", "secret": w.Key.Reveal()}, "httpHeaders": obj{headerKeyID: w.KeyID()}})
	if err != nil {
		return err
	}
	return scrubbed(refused("adding the webhook", e), w.Key)
}

// RekeyWebhook gives a webhook of ours another key; effective after Reload. It is
// made anew: one that is running keeps the key that it began with, whatever is
// written (observed on 0.16.18).
func (j *jmap) RekeyWebhook(ctx context.Context, id string, w Webhook) error {
	if err := j.destroy(ctx, "WebHook", id, obj{}); err != nil {
		return err
	}
	return j.AddWebhook(ctx, w)
}
