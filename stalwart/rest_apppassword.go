package stalwart

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/openova-io/smtp-mirror/redact"
)

// appPrefix marks an app password among the secrets of a principal:
// $app$<name>$<hash>.
const appPrefix = "$app$"

// appNames are the names of app passwords among secrets. Nothing else of a secret
// is ever kept.
type appNames []string

// UnmarshalJSON reads one secret or a list of them.
func (n *appNames) UnmarshalJSON(text []byte) error {
	var list []string
	if json.Unmarshal(text, &list) != nil {
		var one string
		if err := json.Unmarshal(text, &one); err != nil {
			return errSecrets
		}
		list = []string{one}
	}
	for _, secret := range list {
		rest, isApp := strings.CutPrefix(secret, appPrefix)
		if name, _, ok := strings.Cut(rest, "$"); isApp && ok {
			*n = append(*n, name)
		}
	}
	return nil
}

// errSecrets does not quote what it could not read.
var errSecrets = &UnexpectedError{"the secrets of a principal", "another shape"}

func (n appNames) appPasswords() []AppPassword {
	var all []AppPassword
	for _, name := range n {
		all = append(all, AppPassword{ID: name, Name: name})
	}
	return all
}

// AppPasswords lists them anew.
func (r *rest) AppPasswords(ctx context.Context, a *Account) ([]AppPassword, error) {
	p, err := r.principal(ctx, a.ID)
	if err != nil || p == nil {
		return nil, err
	}
	return p.Secrets.appPasswords(), nil
}

// CreateAppPassword adds one with a secret of our choice.
func (r *rest) CreateAppPassword(ctx context.Context, a *Account, n NewAppPassword) (AppPassword, redact.Secret, error) {
	hash, err := hashPassword(n.Secret)
	if err != nil {
		return AppPassword{}, redact.Secret{}, err
	}
	e, err := r.patch(ctx, a.ID, add("secrets", appPrefix+n.Name+"$"+hash))
	if err != nil || e != nil {
		return AppPassword{}, redact.Secret{}, scrubbed(orRefusal(err, e, "adding an app password to "+a.ID), redact.New(hash), n.Secret)
	}
	return AppPassword{ID: n.Name, Name: n.Name}, n.Secret, nil
}

// DestroyAppPassword ends one at once. The server compares by prefix: the last $
// keeps generation 1 from taking generation 10 with it.
func (r *rest) DestroyAppPassword(ctx context.Context, a *Account, p AppPassword) error {
	e, err := r.patch(ctx, a.ID, obj{"action": "removeItem", "field": "secrets", "value": appPrefix + p.Name + "$"})
	return orRefusal(err, e, "removing the app password "+p.Name)
}

func orRefusal(err error, e *managementError, what string) error {
	if err != nil || e == nil {
		return err
	}
	return e.refusal(what)
}
