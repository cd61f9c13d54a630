package stalwart

import (
	"context"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"net/http"

	"github.com/openova-io/smtp-mirror/redact"
)

// keyPowers are the permissions of 0.15 that a key needs. Reading settings is not
// among them: it would show every private key.
func keyPowers(p Powers) []string {
	all := []string{"authenticate", "authenticate-oauth", "email-send", "unlimited-requests", "settings-reload", "domain-get", "domain-list", "domain-create",
		"individual-get", "individual-list", "individual-create", "individual-update", "group-list", "mailing-list-list", "dkim-signature-get",
		"api-key-get", "api-key-list", "api-key-create", "api-key-delete"}
	if p.Bounces {
		all = append(all, "email-receive")
	}
	return all
}

// APIKeys lists the principals of that type.
func (r *rest) APIKeys(ctx context.Context, _ Login) ([]APIKey, error) {
	var list struct{ Items []struct{ Name string } }
	e, err := r.ask(ctx, http.MethodGet, "/api/principal?types=apiKey&fields=name&limit=200", nil, &list)
	if err != nil || e != nil {
		return nil, orRefusal(err, e, "listing API keys")
	}
	var keys []APIKey
	for _, p := range list.Items {
		keys = append(keys, APIKey{ID: p.Name, Name: p.Name})
	}
	return keys, nil
}

// CreateAPIKey makes a principal with a secret of our choice.
func (r *rest) CreateAPIKey(ctx context.Context, n NewAPIKey) (APIKey, redact.Secret, error) {
	hash := quickHash(n.Secret)
	body := obj{"type": "apiKey", "name": n.Name, "description": "made by smtp-mirror for itself", "secrets": []string{hash}, "enabledPermissions": keyPowers(n.Powers), "roles": []string{}}
	e, err := r.ask(ctx, http.MethodPost, "/api/principal", body, nil)
	if err != nil || e != nil {
		return APIKey{}, redact.Secret{}, scrubbed(orRefusal(err, e, "creating an API key"), redact.New(hash), n.Secret)
	}
	return APIKey{ID: n.Name, Name: n.Name}, n.Secret, nil
}

// DestroyAPIKey ends a key at once; one that is gone already is no error.
func (r *rest) DestroyAPIKey(ctx context.Context, _ Login, k APIKey) error {
	e, err := r.ask(ctx, http.MethodDelete, principalPath(k.ID), nil, nil)
	if e != nil && e.Code == codeNotFound {
		return nil
	}
	return orRefusal(err, e, "removing the API key "+k.Name)
}

// quickHash is cheap to check, as 0.15 does at every request, and good for a secret
// that nobody can guess.
func quickHash(secret redact.Secret) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails since Go 1.24
	sum := sha512.Sum512(append([]byte(secret.Reveal()), salt...))
	return "{SSHA512}" + base64.StdEncoding.EncodeToString(append(sum[:], salt...))
}
