package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

// handJMAP moves the keys of 0.16 through their stages by hand, as the runbook of a
// careful administrator says. The records are the controller's.
type handJMAP struct {
	desk
	domain string
	made   int
	naive  bool // keys come into use when they are made, as with Stalwart's own task under manual DNS
}

func (h *handJMAP) name() string {
	if h.naive {
		return "naive"
	}
	return "by hand"
}

func (*handJMAP) tune(*config.Config) {}

type object = map[string]any

// key is a DKIM key as 0.16 lists it.
type key struct {
	ID        string `json:"id"`
	Kind      string `json:"@type"`
	DomainID  string `json:"domainId"`
	Selector  string `json:"selector"`
	Stage     string `json:"stage"`
	PublicKey string `json:"publicKey"`
}

func (k key) pair() pair {
	algorithm := "rsa"
	if strings.Contains(k.Kind, "Ed25519") {
		algorithm = "ed25519"
	}
	return pair{selector: k.Selector, algorithm: algorithm, public: k.PublicKey}
}

// call runs one method; whatever is refused in it is an error.
func (h *handJMAP) call(ctx context.Context, method string, args object, result any) error {
	body, err := json.Marshal(object{"using": []string{"urn:ietf:params:jmap:core", "urn:stalwart:jmap"}, "methodCalls": []any{[]any{method, args, "0"}}})
	if err != nil {
		return err
	}
	answer, err := h.send(ctx, http.MethodPost, "/jmap", body)
	if err != nil {
		return err
	}
	var envelope struct{ MethodResponses [][]json.RawMessage }
	if err := json.Unmarshal(answer, &envelope); err != nil {
		return fmt.Errorf("decoding %s: %w", method, err)
	}
	var refusals struct {
		NotCreated, NotUpdated, NotDestroyed map[string]struct{ Type, Description string }
	}
	text := envelope.MethodResponses[0][1]
	if err := json.Unmarshal(text, &refusals); err != nil {
		return fmt.Errorf("decoding %s: %w", method, err)
	}
	for _, of := range []map[string]struct{ Type, Description string }{refusals.NotCreated, refusals.NotUpdated, refusals.NotDestroyed} {
		for _, why := range of {
			return fmt.Errorf("%s: %w: %s %s", method, errRefused, why.Type, why.Description)
		}
	}
	if string(envelope.MethodResponses[0][0]) == `"error"` {
		return fmt.Errorf("%s: %w", method, errRefused)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(text, result)
}

// keys lists those of the domain in a stage.
func (h *handJMAP) keys(ctx context.Context, stage string) ([]key, error) {
	var got struct{ List []key }
	if err := h.call(ctx, "x:DkimSignature/get", object{"ids": nil}, &got); err != nil {
		return nil, err
	}
	var all []key
	for _, k := range got.List {
		if k.Stage == stage && k.DomainID == h.domain {
			all = append(all, k)
		}
	}
	return all, nil
}

// prepare waits for the keys that Stalwart makes by itself.
func (h *handJMAP) prepare(ctx context.Context) error {
	var found struct{ IDs []string }
	if err := h.call(ctx, "x:Domain/query", object{"filter": object{"name": rig.Domain}}, &found); err != nil {
		return err
	}
	if len(found.IDs) != 1 {
		return fmt.Errorf("%d domains", len(found.IDs))
	}
	h.domain = found.IDs[0]
	var pairs []pair
	_, err := rig.UntilEvery(ctx, 200*time.Millisecond, "Stalwart has made keys of both algorithms", time.Minute, func(ctx context.Context) bool {
		all, err := h.keys(ctx, "active")
		pairs = nil
		for _, k := range all {
			pairs = append(pairs, k.pair())
		}
		return err == nil && len(all) == 2
	})
	if err != nil {
		return err
	}
	return h.published(ctx, pairs)
}

func (h *handJMAP) rotate(ctx context.Context) error {
	old, err := h.keys(ctx, "active")
	if err != nil {
		return err
	}
	h.made++
	pairs, err := fresh(h.made)
	if err != nil {
		return err
	}
	create := object{}
	for _, p := range pairs {
		kind := map[string]string{"rsa": "Dkim1RsaSha256", "ed25519": "Dkim1Ed25519Sha256"}[p.algorithm]
		create[p.algorithm] = object{"@type": kind, "domainId": h.domain, "selector": p.selector, "stage": "pending", "privateKey": object{"@type": "Text", "secret": p.private}}
	}
	if err := h.call(ctx, "x:DkimSignature/set", object{"create": create}, nil); err != nil {
		return err
	}
	if !h.naive {
		if err := h.published(ctx, pairs); err != nil {
			return err
		}
	}
	pending, err := h.keys(ctx, "pending")
	if err != nil {
		return err
	}
	if err := h.move(ctx, pending, "active"); err != nil {
		return err
	}
	if err := h.call(ctx, "x:Action/set", object{"create": object{"a": object{"@type": "InvalidateCaches"}}}, nil); err != nil {
		return err
	}
	if err := h.move(ctx, old, "retiring"); err != nil {
		return err
	}
	h.x.work.Go(func() { h.end(h.x.life, old) })
	return h.signing(ctx, pairs)
}

func (h *handJMAP) move(ctx context.Context, keys []key, stage string) error {
	update := object{}
	for _, k := range keys {
		update[k.ID] = object{"stage": stage}
	}
	return h.call(ctx, "x:DkimSignature/set", object{"update": update}, nil)
}

// end takes the rest of the lives of old keys.
func (h *handJMAP) end(ctx context.Context, old []key) {
	if await(ctx, retireAfter) != nil {
		return
	}
	err := h.move(ctx, old, "retired")
	if await(ctx, deleteAfter-retireAfter) != nil {
		return
	}
	if err == nil {
		var ids []string
		for _, k := range old {
			ids = append(ids, k.ID)
		}
		err = h.call(ctx, "x:DkimSignature/set", object{"destroy": ids}, nil)
	}
	if err != nil {
		h.x.trouble("ending old keys: " + err.Error())
	}
}
