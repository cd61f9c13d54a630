package stalwart

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// jmapCredential is one of an account; its secret is masked and never decoded.
type jmapCredential struct {
	Type        string     `json:"@type"`
	ID          string     `json:"credentialId"`
	Description string     `json:"description"`
	CreatedAt   time.Time  `json:"createdAt"`
	ExpiresAt   *time.Time `json:"expiresAt"`
}

// appPasswords are those of an account, the expired ones too: they count against
// the quota.
func (a jmapAccount) appPasswords() []AppPassword {
	var all []AppPassword
	for _, c := range a.Credentials {
		if c.Type != "AppPassword" {
			continue
		}
		p := AppPassword{ID: c.ID, Name: c.Description, CreatedAt: c.CreatedAt}
		if c.ExpiresAt != nil {
			p.ExpiresAt = *c.ExpiresAt
		}
		all = append(all, p)
	}
	return all
}

// AppPasswords lists them anew.
func (j *jmap) AppPasswords(ctx context.Context, a *Account) ([]AppPassword, error) {
	var found []jmapAccount
	if err := j.get(ctx, "Account", []string{a.ID}, &found); err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0].appPasswords(), nil
}

// CreateAppPassword makes one. Its secret is shown in this answer and never again.
func (j *jmap) CreateAppPassword(ctx context.Context, a *Account, n NewAppPassword) (AppPassword, redact.Secret, error) {
	value := obj{"description": n.Name, "permissions": obj{"@type": "Replace", "permissions": permissionSet(n.Permissions)}}
	if len(n.AllowedIPs) > 0 {
		value["allowedIps"] = setOf(n.AllowedIPs)
	}
	if !n.ExpiresAt.IsZero() {
		value["expiresAt"] = n.ExpiresAt.UTC().Format(time.RFC3339)
	}
	created, e, err := j.set(ctx, "AppPassword", obj{"accountId": a.ID, "create": obj{newObject: value}})
	if err != nil || e != nil {
		return AppPassword{}, redact.Secret{}, cmp.Or(err, refused("creating an app password for "+a.Login.User, e))
	}
	id, secret, err := shownOnce("AppPassword", created)
	return AppPassword{ID: id, Name: n.Name, ExpiresAt: n.ExpiresAt}, secret, err
}

// shownOnce reads the answer that shows a secret which the server has chosen.
func shownOnce(object string, created json.RawMessage) (id string, secret redact.Secret, err error) {
	var made struct{ ID, Secret string }
	if json.Unmarshal(created, &made) != nil || made.ID == "" || made.Secret == "" {
		return "", redact.Secret{}, &UnexpectedError{"x:" + object + "/set", "a result of another shape"}
	}
	return made.ID, redact.New(made.Secret), nil
}

// DestroyAppPassword ends one at once; one that is gone already is no error.
func (j *jmap) DestroyAppPassword(ctx context.Context, a *Account, p AppPassword) error {
	return j.destroy(ctx, "AppPassword", p.ID, obj{"accountId": a.ID})
}
