package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

// handREST replaces the keys of 0.15 by hand, with all rights over its settings: it
// signs with the ids rsa-<domain> and ed25519-<domain> only, and knows no stages. Keys
// under other ids are listed, and so published, but sign nothing: that is where a new
// key waits and an old one is kept.
type handREST struct {
	desk
	made    int
	current []pair
}

func (*handREST) name() string { return "by hand" }

func (*handREST) tune(*config.Config) {}

// store writes keys under ids, in one request.
func (h *handREST) store(ctx context.Context, keys map[string]pair) error {
	var values [][2]string
	for id, p := range keys {
		for name, value := range map[string]string{"private-key": p.private, "domain": rig.Domain, "selector": p.selector, "algorithm": p.algorithm + "-sha256",
			"canonicalization": "relaxed/relaxed", "report": "false", "headers.0": "From", "headers.1": "To", "headers.2": "Date", "headers.3": "Subject", "headers.4": "Message-ID"} {
			values = append(values, [2]string{"signature." + id + "." + name, value})
		}
	}
	return h.settings(ctx, object{"type": "insert", "prefix": nil, "assert_empty": false, "values": values})
}

// remove deletes keys by their exact names: a prefix would take others along.
func (h *handREST) remove(ctx context.Context, ids []string) error {
	var names []string
	for _, id := range ids {
		for _, name := range []string{"private-key", "domain", "selector", "algorithm", "canonicalization", "report", "headers.0", "headers.1", "headers.2", "headers.3", "headers.4"} {
			names = append(names, "signature."+id+"."+name)
		}
	}
	return h.settings(ctx, object{"type": "delete", "keys": names})
}

func (h *handREST) settings(ctx context.Context, change object) error {
	body, err := json.Marshal([]object{change})
	if err != nil {
		return err
	}
	return h.ok(h.send(ctx, http.MethodPost, "/api/settings", body))
}

// reload makes the server sign with what is stored.
func (h *handREST) reload(ctx context.Context) error {
	return h.ok(h.send(ctx, http.MethodGet, "/api/reload", nil))
}

// ok looks for the error in a 200.
func (h *handREST) ok(answer []byte, err error) error {
	if err != nil {
		return err
	}
	var result struct{ Error string }
	if err := json.Unmarshal(answer, &result); err != nil {
		return fmt.Errorf("decoding an answer: %w", err)
	}
	if result.Error != "" {
		return fmt.Errorf("%w: %s", errRefused, result.Error)
	}
	return nil
}

// prepare makes the first keys: 0.15 makes none by itself.
func (h *handREST) prepare(ctx context.Context) error {
	pairs, err := fresh(0)
	if err != nil {
		return err
	}
	if err := h.publish(ctx, pairs); err != nil {
		return err
	}
	return h.use(ctx, pairs)
}

// publish stores keys where they sign nothing, and waits for the DNS.
func (h *handREST) publish(ctx context.Context, pairs []pair) error {
	waiting := map[string]pair{}
	for _, p := range pairs {
		waiting[p.selector] = p
	}
	if err := h.store(ctx, waiting); err != nil {
		return err
	}
	return h.published(ctx, pairs)
}

// use makes the server sign with keys. They stay where they have waited, so that they
// are listed when others have taken their place.
func (h *handREST) use(ctx context.Context, pairs []pair) error {
	usual := map[string]pair{}
	for _, p := range pairs {
		usual[p.algorithm+"-"+rig.Domain] = p
	}
	if err := h.store(ctx, usual); err != nil {
		return err
	}
	if err := h.reload(ctx); err != nil {
		return err
	}
	h.current = pairs
	return h.signing(ctx, pairs)
}

func (h *handREST) rotate(ctx context.Context) error {
	h.made++
	pairs, err := fresh(h.made)
	if err != nil {
		return err
	}
	if err := h.publish(ctx, pairs); err != nil {
		return err
	}
	old := h.current
	if err := h.use(ctx, pairs); err != nil {
		return err
	}
	h.x.work.Go(func() {
		ctx := h.x.life
		if await(ctx, retireAfter) != nil {
			return
		}
		var ids []string
		for _, p := range old {
			ids = append(ids, p.selector)
		}
		if err := h.remove(ctx, ids); err != nil {
			h.x.trouble("ending old keys: " + err.Error())
		}
	})
	return nil
}
