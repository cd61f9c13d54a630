package stalwart

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// rest is the [Directory] of 0.15: the REST API under <base>/api.
type rest struct{ *Conn }

// Generation is 0.15.
func (r *rest) Generation() Generation { return Gen015 }

// managementError is a refusal that comes with status 200: the key "error" in
// the place of "data".
type managementError struct {
	Code    string `json:"error"`
	Field   string `json:"field"`
	Item    string `json:"item"`
	Details string `json:"details"`
	Reason  string `json:"reason"`
}

const (
	codeNotFound = "notFound"
	codeExists   = "fieldAlreadyExists"
)

// ask sends a request and decodes "data" into into. A refusal is returned beside
// the error of the transport. value and body of a refusal are not kept: a
// duplicate DKIM key answers with the private key.
func (r *rest) ask(ctx context.Context, method, path string, body, into any) (*managementError, error) {
	got, err := r.call(ctx, method, path, body)
	if got != nil && got.status == http.StatusInternalServerError {
		return nil, &BusyError{got.request + " lost a race or could not store"}
	}
	if err != nil {
		return nil, err
	}
	if got.status != http.StatusOK { // 404 too: 0.15 says with a 200 what it does not have, 0.16 has no such path
		return nil, &UnexpectedError{got.request, fmt.Sprintf("status %d", got.status)}
	}
	var answer struct {
		managementError
		Data *json.RawMessage `json:"data"`
	}
	if err := got.decode(&answer); err != nil {
		return nil, err
	}
	if answer.Code != "" {
		return &answer.managementError, nil
	}
	if answer.Data == nil || into == nil {
		return nil, nil // {"data": null} has nothing to say
	}
	if json.Unmarshal(*answer.Data, into) != nil {
		return nil, &UnexpectedError{got.request, "data of another shape"}
	}
	return nil, nil
}

// refusal turns a management error into an error.
func (e *managementError) refusal(what string) error {
	if e == nil {
		return nil
	}
	out := &RefusedError{What: what, Type: e.Code, Detail: strings.TrimSpace(e.Details + " " + e.Reason)}
	if e.Field != "" {
		out.Fields = []string{e.Field}
	}
	return out
}

// do sends a write and gives its refusal as an error.
func (r *rest) do(ctx context.Context, what, method, path string, body any) error {
	e, err := r.ask(ctx, method, path, body, nil)
	if err != nil {
		return err
	}
	return e.refusal(what)
}

// SetDefaults is refused: these are keys of the configuration file, which
// Stalwart would rewrite.
func (r *rest) SetDefaults(context.Context, Defaults) error {
	return &ForbiddenError{"changing server.hostname: it belongs to the configuration file of 0.15"}
}

// Bind is refused like SetDefaults.
func (r *rest) Bind(context.Context, Listener) error {
	return &ForbiddenError{"adding a listener: it belongs to the configuration file of 0.15"}
}

// AllowIP exempts an address or network; effective after Reload.
func (r *rest) AllowIP(ctx context.Context, cidr string) error {
	return r.do(ctx, "exempting "+cidr+" from bans", http.MethodPost, "/api/settings", []any{
		map[string]any{"type": "insert", "prefix": allowedIPs, "values": [][2]string{{cidr, ""}}, "assert_empty": false}})
}

// AddWebhook is refused like SetDefaults: webhooks are configured by hand on 0.15.
func (r *rest) AddWebhook(context.Context, Webhook) error {
	return &ForbiddenError{"adding a webhook: configure it by hand on 0.15"}
}

// RekeyWebhook is refused like SetDefaults.
func (r *rest) RekeyWebhook(ctx context.Context, _ string, w Webhook) error {
	return r.AddWebhook(ctx, w)
}

// ForgetUnknown empties the directory cache, which only GET /api/reload does.
func (r *rest) ForgetUnknown(ctx context.Context) error { return r.Reload(ctx) }

// ForgetAll is the same on 0.15.
func (r *rest) ForgetAll(ctx context.Context) error { return r.Reload(ctx) }

// Reload is all or nothing, and tells its failure with status 200.
func (r *rest) Reload(ctx context.Context) error { return r.reload(ctx, "/api/reload") }

func (r *rest) reload(ctx context.Context, path string) error {
	var result struct {
		Errors map[string]struct{ Type, Error string }
	}
	e, err := r.ask(ctx, http.MethodGet, path, nil, &result)
	if err != nil {
		return err
	}
	keys := make([]string, 0, len(result.Errors))
	for key := range result.Errors {
		keys = append(keys, key)
	}
	if len(keys) > 0 {
		slices.Sort(keys)
		return &ReloadError{Blocker: keys[0], Detail: result.Errors[keys[0]].Type + " error"}
	}
	return e.refusal("reloading the settings")
}
