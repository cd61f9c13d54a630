package stalwart

import (
	"context"
	"encoding/json"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// AppPasswords lists them, the expired ones too: they count against the quota.
func (j *jmap) AppPasswords(ctx context.Context, a *Account) ([]AppPassword, error) {
	var found []struct {
		Credentials map[string]struct {
			Type        string     `json:"@type"`
			ID          string     `json:"credentialId"`
			Description string     `json:"description"`
			CreatedAt   time.Time  `json:"createdAt"`
			ExpiresAt   *time.Time `json:"expiresAt"`
		} `json:"credentials"`
	}
	if err := j.get(ctx, "Account", []string{a.ID}, &found); err != nil || len(found) == 0 {
		return nil, err
	}
	var all []AppPassword
	for _, c := range found[0].Credentials {
		if c.Type != "AppPassword" {
			continue
		}
		p := AppPassword{ID: c.ID, Name: c.Description, CreatedAt: c.CreatedAt}
		if c.ExpiresAt != nil {
			p.ExpiresAt = *c.ExpiresAt
		}
		all = append(all, p)
	}
	return all, nil
}

// CreateAppPassword makes one. Its secret is shown in this answer and never again.
func (j *jmap) CreateAppPassword(ctx context.Context, a *Account, n NewAppPassword) (AppPassword, redact.Secret, error) {
	value := obj{"description": n.Name, "permissions": obj{"@type": "Replace", "permissions": permissionSet(n.Permissions)}}
	if len(n.AllowedIPs) > 0 {
		set := obj{}
		for _, ip := range n.AllowedIPs {
			set[ip] = true
		}
		value["allowedIps"] = set
	}
	if !n.ExpiresAt.IsZero() {
		value["expiresAt"] = n.ExpiresAt.UTC().Format(time.RFC3339)
	}
	const method = "x:AppPassword/set"
	all, err := j.request(ctx, invocation{method, obj{"accountId": a.ID, "create": obj{"new": value}}})
	if err != nil {
		return AppPassword{}, redact.Secret{}, err
	}
	var body struct {
		Created    map[string]struct{ ID, Secret string }
		NotCreated map[string]setError
	}
	if json.Unmarshal(all[method], &body) != nil {
		return AppPassword{}, redact.Secret{}, &UnexpectedError{method, "a result of another shape"}
	}
	if e, ok := body.NotCreated["new"]; ok {
		return AppPassword{}, redact.Secret{}, refused("creating an app password for "+a.Login.User, &e)
	}
	made := body.Created["new"]
	if made.ID == "" || made.Secret == "" {
		return AppPassword{}, redact.Secret{}, &UnexpectedError{method, "neither success nor refusal"}
	}
	return AppPassword{ID: made.ID, Name: n.Name, ExpiresAt: n.ExpiresAt}, redact.New(made.Secret), nil
}

// DestroyAppPassword ends one at once; one that is gone already is no error.
func (j *jmap) DestroyAppPassword(ctx context.Context, a *Account, p AppPassword) error {
	return j.destroy(ctx, "AppPassword", p.ID, obj{"accountId": a.ID})
}

// destroy ends one object; that it is gone already is no error.
func (j *jmap) destroy(ctx context.Context, object, id string, args obj) error {
	method := "x:" + object + "/set"
	args["destroy"] = []string{id}
	all, err := j.request(ctx, invocation{method, args})
	if err != nil {
		return err
	}
	var body struct{ NotDestroyed map[string]setError }
	if json.Unmarshal(all[method], &body) != nil {
		return &UnexpectedError{method, "a result of another shape"}
	}
	if e, ok := body.NotDestroyed[id]; ok && e.Type != "notFound" {
		return refused("destroying the "+object+" "+id, &e)
	}
	return nil
}
