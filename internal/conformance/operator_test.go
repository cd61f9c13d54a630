package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/openova-io/smtp-mirror/stalwart"
)

// operator is somebody else with the administrator's rights. What it does, it
// does with plain requests: code shared with the product would share its
// mistakes.
type operator interface {
	// EnsureDomain makes a domain without automatic DKIM keys where it is absent;
	// the first one is the default domain.
	EnsureDomain(ctx context.Context, name string) error
	CreateAccount(ctx context.Context, login stalwart.Login, password string) error
	CreateGroup(ctx context.Context, address string) error
	CreateList(ctx context.Context, address string) error
	// Join makes an account a member of a group.
	Join(ctx context.Context, login stalwart.Login, group string) error
	Destroy(ctx context.Context, login stalwart.Login) error
	AddAlias(ctx context.Context, login stalwart.Login, address string) error
	RemoveAlias(ctx context.Context, login stalwart.Login, address string) error
	SetPassword(ctx context.Context, login stalwart.Login, password string) error
	// AddAppPassword gives the account one more secret and returns it.
	AddAppPassword(ctx context.Context, login stalwart.Login) (string, error)
	// Permit makes these, in the server's words, the permissions of an account.
	Permit(ctx context.Context, login stalwart.Login, words ...string) error
	// Deny takes a permission away explicitly.
	Deny(ctx context.Context, login stalwart.Login, word string) error
	// Assign gives an account no permissions but those of a new role.
	Assign(ctx context.Context, login stalwart.Login, role string, words ...string) error
	// Permissions are those that the account itself has, sorted.
	Permissions(ctx context.Context, login stalwart.Login) ([]string, error)
	// Stored is everything that the server stores about an account.
	Stored(ctx context.Context, login stalwart.Login) (string, error)
	// BreakReload makes every reload of the settings fail as a whole.
	BreakReload(ctx context.Context) error
	MendReload(ctx context.Context) error
	// AddKey makes an Ed25519 key in a stage; 0.15 has one stage only.
	AddKey(ctx context.Context, domain, selector, stage string) error
	// Word is the server's word for a permission.
	Word(p stalwart.Permission) string
}

// operatorOf gives the operator that speaks the server's language.
func operatorOf(s Server) operator {
	d := &desk{server: s}
	if s.Generation() == stalwart.Gen015 {
		return &restOperator{d}
	}
	return &jmapOperator{d}
}

// errRefused says that the server did not do what the operator asked for.
var errRefused = errors.New("refused by the server")

// desk sends plain requests as the administrator.
type desk struct{ server Server }

// send gives the decoded body of a 200.
func (d *desk) send(ctx context.Context, method, path string, body any) (map[string]any, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode %s %s: %w", method, path, err)
	}
	r, err := http.NewRequestWithContext(ctx, method, d.server.URL()+path, bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("make %s %s: %w", method, path, err)
	}
	r.SetBasicAuth(d.server.Admin())
	r.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return nil, fmt.Errorf("send %s %s: %w", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer to %s %s: %w", method, path, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %w: status %d", method, path, errRefused, response.StatusCode)
	}
	var decoded map[string]any
	if err := json.Unmarshal(answer, &decoded); err != nil {
		return nil, fmt.Errorf("decode the answer to %s %s: %w", method, path, err)
	}
	return decoded, nil
}
