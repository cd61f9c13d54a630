package conformance

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// BreakReload switches on a spam check whose server has no address.
func (o *jmapOperator) BreakReload(ctx context.Context) error {
	return o.update(ctx, "SpamPyzor", "singleton", object{"enable": true, "host": "pyzor.invalid"})
}

func (o *jmapOperator) MendReload(ctx context.Context) error {
	return o.update(ctx, "SpamPyzor", "singleton", object{"enable": false})
}

func (o *jmapOperator) AddKey(ctx context.Context, domain, selector, stage string) error {
	_, id, err := o.split(ctx, "@"+domain)
	if err != nil {
		return err
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fmt.Errorf("encode a key: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	_, err = o.create(ctx, "DkimSignature", object{"@type": "Dkim1Ed25519Sha256", "domainId": id, "selector": selector,
		"stage": stage, "privateKey": object{"@type": "Text", "secret": string(text)}})
	return err
}

// removeWebhook ends the reports to a sink that is about to go.
func (o *jmapOperator) removeWebhook(ctx context.Context, url string) error {
	result, err := o.call(ctx, "x:WebHook/get", object{"ids": nil})
	if err != nil {
		return err
	}
	var ids []any
	for _, hook := range result["list"].([]any) {
		if mapOf(hook)["url"] == url {
			ids = append(ids, mapOf(hook)["id"])
		}
	}
	if _, err = o.call(ctx, "x:WebHook/set", object{"destroy": ids}); err != nil {
		return err
	}
	_, err = o.create(ctx, "Action", object{"@type": "ReloadSettings"})
	return err
}
