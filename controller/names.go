package controller

import (
	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/workload"
)

// The sources that wake, by name.
const (
	sourceAdmin      watcher.Source = "secret/admin"
	sourceWebhookKey watcher.Source = "secret/webhook"
	sourceAPIKey     watcher.Source = "secret/api-key"
	sourceKeyRefused watcher.Source = "api-key/refused"
	sourceRecords    watcher.Source = "configmap/dns-records"
	sourceStalwart   watcher.Source = "stalwart/incarnation" // restarted, or answers again
	sourceChanged    watcher.Source = "stalwart/changed"     // we made a domain or an API key
	sourceWebhook    watcher.Source = "webhook"
	sourceKeyFiles   watcher.Source = "file/dkim"
	sourceTrustFiles watcher.Source = "file/ca"
	sourceService    watcher.Source = "service/mail"
	sourceWanted     watcher.Source = "dns/wanted" // other records must be published
	sourceTruth      watcher.Source = "dns/seen"   // a verdict has changed
	sourceKeys       watcher.Source = "dkim/keys"  // a key of ours has moved
	sourcePublished  watcher.Source = "dns/published"
	sourceTLS        watcher.Source = "secret/tls" // or the mounted directory
	sourceServed     watcher.Source = "tls/served" // another certificate is
	sourceTSIG       watcher.Source = "secret/tsig"
	sourceToken      watcher.Source = "secret/hetzner"
)

func sourceSubmission(secret string) watcher.Source {
	return watcher.Source("secret/submission/" + secret)
}

func sourceMirror(m config.Mirror) watcher.Source {
	return watcher.Source("secret/mirror/" + m.Namespace + "/" + m.Name)
}

func sourceKnock(t watcher.Target) watcher.Source { return watcher.Source("knock/" + t) }

func sourceProof(submission string) watcher.Source { return watcher.Source("proof/" + submission) }

// sourceDoubt asks for a login: a mirror wants to know whether the relay works.
func sourceDoubt(submission string) watcher.Source { return watcher.Source("doubt/" + submission) }

func sourceVia(x config.Consumer) watcher.Source {
	return watcher.Source("secret/via/" + x.Via.Namespace + "/" + x.Via.Name)
}

func sourceRolled(submission string) watcher.Source { return watcher.Source("rolled/" + submission) }

func targetConsumer(s config.Submission, x config.Consumer) watcher.Target {
	return watcher.Target("consumer/" + s.Name + "/" + x.Namespace + "/" + workload.Resource(x.Kind) + "/" + x.Name)
}

// The targets.
const (
	targetRecord watcher.Target = "dkim-record"
	targetAPIKey watcher.Target = "api-key"
	targetTruth  watcher.Target = "dns"
	targetKeys   watcher.Target = "dkim-keys"
	targetTLS    watcher.Target = "certificate"

	targetExternalDNS watcher.Target = "publish/external-dns"
	targetRFC2136     watcher.Target = "publish/rfc2136"
	targetPTR         watcher.Target = "publish/ptr"
)

func targetRelay(s config.Submission) watcher.Target { return watcher.Target("relay/" + s.Name) }

func targetMirror(m config.Mirror) watcher.Target {
	return watcher.Target("mirror/" + m.Namespace + "/" + m.Name)
}

// Routes is who follows whom. Nothing else in the program knows.
//
//	source \ wakes            relay  mirror  dkim-record
//	secret/submission           ●      ●
//	secret/admin                ●               ●
//	secret/webhook              ●
//	api-key/refused             ●               ●     (its store may have been lost)
//	secret/mirror               ○      ●        (○ where credentials are rotated)
//	proof (chained)                    ●        (where there is a fallback, every answer to a login)
//	doubt (chained)             ●               (a fallback wants one)
//	configmap/dns-records                       ●
//	stalwart/incarnation        ●               ●
//	knock (its own listener)    ●
//	stalwart/changed (chained)                  ●
//	webhook                     ●               ●
//	file/dkim                                   ●
//	file/ca                     ●               ●
//
// The record follows service/mail, dns/seen and dkim/keys too; the DNS is looked at
// after dns/wanted and dns/published; DKIM keys follow what the record follows, and
// dns/seen; publishers follow dns/wanted and their own Secrets; the certificate follows
// secret/tls, dns/seen and what happens to Stalwart, which needs a domain before it takes a
// default certificate; the record and the relay follow tls/served.
//
// The API key follows secret/admin, secret/api-key, its own refusal, incarnation,
// changed and file/ca. The resync wakes every target at its own pace.
func Routes(c *config.Config) watcher.Routes {
	r := watcher.Routes{}
	on := func(t watcher.Target, sources ...watcher.Source) {
		for _, s := range sources {
			r[s] = append(r[s], t)
		}
	}
	on(targetRecord, sourceKeyRefused, sourceAdmin, sourceRecords, sourceStalwart, sourceChanged, sourceWebhook, sourceKeyFiles, sourceTrustFiles)
	on(targetRecord, sourceService, sourceTruth, sourceKeys)
	if c.DNS.Look {
		on(targetTruth, sourceWanted, sourcePublished)
	}
	if c.OwnsCertificate() {
		on(targetTLS, sourceTLS, sourceKeyRefused, sourceAdmin, sourceStalwart, sourceTrustFiles, sourceTruth, sourceChanged)
		on(targetRecord, sourceTLS, sourceServed)
		if len(c.Submissions) > 0 {
			on(targetTLS, sourceSubmission(c.Submissions[0].Secret)) // it says where to look
		}
	}
	if c.DNS.Publish.ExternalDNS.Enabled {
		on(targetExternalDNS, sourceWanted)
	}
	if c.DNS.Publish.RFC2136.Enabled {
		on(targetRFC2136, sourceWanted, sourceTSIG)
	}
	if c.DNS.Publish.HetznerPTR.Enabled {
		on(targetPTR, sourceWanted, sourceToken)
	}
	if c.OwnsKeys() {
		on(targetKeys, sourceKeyRefused, sourceAdmin, sourceRecords, sourceStalwart, sourceChanged, sourceTruth, sourceKeyFiles, sourceTrustFiles)
	}
	if c.Stalwart.APIKeySecret != "" {
		on(targetAPIKey, sourceAdmin, sourceAPIKey, sourceKeyRefused, sourceStalwart, sourceChanged, sourceTrustFiles)
	}
	for _, s := range c.Submissions {
		on(targetRelay(s), sourceKeyRefused, sourceSubmission(s.Secret), sourceAdmin, sourceWebhookKey, sourceStalwart, sourceWebhook, sourceTrustFiles, sourceKnock(targetRelay(s)))
		if c.OwnsCertificate() {
			on(targetRelay(s), sourceServed) // a login waits for a certificate that it can trust
		}
		if c.OwnsKeys() {
			on(targetRelay(s), sourceKeys) // an account waits for them after a lost volume
		}
		for _, m := range s.Mirrors {
			if s.Rotates() {
				on(targetRelay(s), sourceMirror(m)) // it waits for what the mirrors hold
			}
			for _, x := range m.Consumers {
				on(targetConsumer(s, x), sourceMirror(m), sourceProof(s.Name), sourceVia(x))
				on(targetRelay(s), sourceRolled(s.Name))
			}
			if m.Fallback.Enabled {
				on(targetRelay(s), sourceDoubt(s.Name))
			}
			on(targetMirror(m), sourceSubmission(s.Secret), sourceMirror(m), sourceProof(s.Name))
		}
	}
	return r
}
