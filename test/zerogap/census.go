package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/openova-io/smtp-mirror/internal/rig"
)

// census is what Stalwart itself says, asked without the product's client.
type census struct {
	credentials int // of the submission account: its password and app passwords
	bans        int
}

// account is the submission account.
const account = "noreply@" + rig.Domain

// take asks a Stalwart of either generation.
func take(ctx context.Context, m rig.Mail, old bool) (census, error) {
	if old {
		return takeREST(ctx, m)
	}
	return takeJMAP(ctx, m)
}

func takeREST(ctx context.Context, m rig.Mail) (census, error) {
	var principal struct {
		Data struct {
			Secrets json.RawMessage `json:"secrets"`
		} `json:"data"`
	}
	if err := ask(ctx, m, http.MethodGet, "/api/principal/"+account, nil, &principal); err != nil {
		return census{}, err
	}
	var many []string
	n := 1 // one secret is shown as a text
	if json.Unmarshal(principal.Data.Secrets, &many) == nil {
		n = len(many)
	}
	var blocked struct {
		Data struct {
			Items map[string]string `json:"items"`
		} `json:"data"`
	}
	err := ask(ctx, m, http.MethodGet, "/api/settings/list?prefix=server.blocked-ip", nil, &blocked)
	return census{n, len(blocked.Data.Items)}, err
}

func takeJMAP(ctx context.Context, m rig.Mail) (census, error) {
	body, err := json.Marshal(map[string]any{"using": []string{"urn:ietf:params:jmap:core", "urn:stalwart:jmap"}, "methodCalls": []any{
		[]any{"x:Account/get", map[string]any{"ids": nil}, "0"}, []any{"x:BlockedIp/get", map[string]any{"ids": nil}, "1"}}})
	if err != nil {
		return census{}, err
	}
	var answer struct {
		MethodResponses [][]json.RawMessage `json:"methodResponses"`
	}
	if err := ask(ctx, m, http.MethodPost, "/jmap", body, &answer); err != nil {
		return census{}, err
	}
	var lists [2]struct {
		List []struct {
			Name        string                     `json:"name"`
			Credentials map[string]json.RawMessage `json:"credentials"`
		} `json:"list"`
	}
	if len(answer.MethodResponses) != len(lists) {
		return census{}, fmt.Errorf("%d answers to two questions", len(answer.MethodResponses))
	}
	for i, r := range answer.MethodResponses {
		if len(r) < 2 || json.Unmarshal(r[1], &lists[i]) != nil || strings.Contains(string(r[0]), "error") {
			return census{}, fmt.Errorf("question %d is not answered", i)
		}
	}
	c := census{bans: len(lists[1].List)}
	for _, a := range lists[0].List {
		if local, _, _ := strings.Cut(account, "@"); a.Name == local {
			c.credentials = len(a.Credentials)
		}
	}
	return c, nil
}

// ask sends a request as the administrator.
func ask(ctx context.Context, m rig.Mail, method, path string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, m.URL()+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.SetBasicAuth(m.Admin())
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: status %d", method, path, resp.StatusCode)
	}
	return json.Unmarshal(text, into)
}
