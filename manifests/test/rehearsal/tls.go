//go:build linux

package main

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// headless is the name of Stalwart's Pods inside of the cluster.
const headless = release + "-headless." + release + ".svc.cluster.local"

// overTLS walks what docs/security.md says: the management API by TLS. The certificate comes
// over that API, so the plain one is used first.
func overTLS(ctx context.Context, g *stage) error {
	ca := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: release, Name: "stalwart-ca"}, Data: map[string]string{"ca.crt": string(g.ca.PEM())}}
	if _, err := g.client.CoreV1().ConfigMaps(release).Create(ctx, ca, metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := g.issuer(ctx); err != nil {
		return err
	}
	console, err := g.consoleOf(ctx, oldHost)
	if err != nil {
		return err
	}
	h, err := g.helm("stalwart-sovereign", release, release)
	if err != nil {
		return err
	}
	err = g.steps(ctx,
		func(ctx context.Context) error { return h.install(ctx, g.tlsValues(false)) },
		g.proven,
		g.saying("installed with the plain URL, and proven: the certificate has come over it"),
		func(ctx context.Context) error { return h.upgrade(ctx, g.tlsValues(true)) },
		g.saying("upgraded to https"),
		g.overTLSOnly,
		func(ctx context.Context) error { return g.follow(ctx, console, mailHost) },
		func(ctx context.Context) error { return g.rights(ctx, release, release+"-smtp-mirror") },
	)
	if err != nil {
		return err
	}
	return g.report(oldHost, mailHost)
}

// tlsValues are those of docs/security.md.
func (g *stage) tlsValues(switched bool) map[string]any {
	port := func(name, protocol string, number int, implicit bool) any {
		return map[string]any{"name": name, "protocol": protocol, "port": number, "implicitTLS": implicit}
	}
	values := g.values()
	stalwart, _ := values["stalwart"].(map[string]any)
	if stalwart == nil {
		stalwart = map[string]any{}
	}
	values["stalwart"] = with(stalwart, "listeners", []any{port("smtp", "smtp", 25, false), port("submission", "smtp", 587, false), port("submissions", "smtp", 465, true),
		port("imap", "imap", 143, false), port("imaps", "imap", 993, true), port("http", "http", 8080, false), port("https", "http", 8443, true)})
	values["certificate"] = map[string]any{"enabled": true, "issuerRef": map[string]any{"name": "internal-ca"}, "dnsNames": []any{headless}}
	if switched {
		values["smtp-mirror"] = map[string]any{
			"config":            map[string]any{"stalwart": map[string]any{"url": "https://" + headless + ":8443", "caFile": "/etc/stalwart-ca/ca.crt"}},
			"extraVolumes":      []any{map[string]any{"name": "stalwart-ca", "configMap": map[string]any{"name": "stalwart-ca"}}},
			"extraVolumeMounts": []any{map[string]any{"name": "stalwart-ca", "mountPath": "/etc/stalwart-ca", "readOnly": true}},
		}
	}
	return values
}

// overTLSOnly rotates the key: that needs the API.
func (g *stage) overTLSOnly(ctx context.Context) error {
	before := g.data(ctx, mirrorNS, mirror)["smtp-pass"]
	began := time.Now()
	if err := g.source(ctx, "Rotated-over-TLS-1"); err != nil {
		return err
	}
	err := g.until(ctx, "the mirror follows, by an API over TLS", healing, func(ctx context.Context) bool {
		now := g.data(ctx, mirrorNS, mirror)["smtp-pass"]
		return now != "" && now != before && g.converged(ctx)
	})
	if err != nil {
		return err
	}
	g.say("the management API is spoken over TLS, verified for %s: a rotation is mirrored after %.1f s", headless, time.Since(began).Seconds())
	return nil
}
