package stalwart

import (
	"cmp"
	"context"
	"time"

	"github.com/openova-io/smtp-mirror/redact"
)

// keyWords are the permissions of 0.16 that a key needs for its powers.
func keyWords(p Powers) obj {
	set := obj{}
	add := func(when bool, words ...string) {
		for _, word := range words {
			if when {
				set[word] = true
			}
		}
	}
	add(true, "authenticate", "emailSend", "unlimitedRequests", "sysActionCreate", "actionInvalidateNegativeCaches", "actionInvalidateCaches", "actionReloadSettings",
		"sysDomainGet", "sysDomainQuery", "sysDomainCreate", "sysAccountGet", "sysAccountQuery", "sysAccountCreate", "sysAccountUpdate", "sysMailingListGet",
		"sysDkimSignatureGet", "sysDkimSignatureQuery", "sysSystemSettingsGet", "sysSystemSettingsUpdate", "sysNetworkListenerGet", "sysNetworkListenerQuery",
		"sysApiKeyGet", "sysApiKeyCreate", "sysApiKeyDestroy")
	add(p.AppPasswords, "impersonate", "sysAppPasswordGet", "sysAppPasswordCreate", "sysAppPasswordDestroy")
	add(p.Certificates, "sysCertificateGet", "sysCertificateCreate", "sysCertificateDestroy", "actionReloadTlsCertificates")
	add(p.DKIM, "sysDkimSignatureCreate", "sysDkimSignatureUpdate", "sysDkimSignatureDestroy")
	add(p.Bounces, "emailReceive")
	add(p.Listeners, "sysNetworkListenerCreate", "sysNetworkListenerUpdate")
	add(p.Webhooks, "sysWebHookGet", "sysWebHookQuery", "sysWebHookCreate", "sysWebHookDestroy")
	add(p.AllowedIPs, "sysAllowedIpGet", "sysAllowedIpQuery", "sysAllowedIpCreate")
	return set
}

// keyOwner finds the account that owns the keys; nil where there is none.
func (j *jmap) keyOwner(ctx context.Context, l Login) (id string, domain string, err error) {
	d, err := j.domain(ctx, l.Domain)
	if err != nil || d == nil {
		return "", "", err
	}
	var found []struct{ ID, Description string }
	err = j.find(ctx, "Account", obj{"name": l.localPart(), "domainId": d.ID}, &found)
	if err != nil || len(found) == 0 {
		return "", d.ID, err
	}
	if found[0].Description != ownAccount {
		return "", d.ID, &OwnedError{Address: l.Address(), Owner: "an account that smtp-mirror has not made"}
	}
	return found[0].ID, d.ID, nil
}

// APIKeys lists the keys of the account that owns them.
func (j *jmap) APIKeys(ctx context.Context, l Login) ([]APIKey, error) {
	owner, _, err := j.keyOwner(ctx, l)
	if err != nil || owner == "" {
		return nil, err
	}
	all, err := j.request(ctx, invocation{"x:ApiKey/get", obj{"accountId": owner, "ids": nil}})
	if err != nil {
		return nil, err
	}
	var found []struct {
		ID, Description string
		CreatedAt       time.Time
	}
	err = all.list("ApiKey", &found)
	var keys []APIKey
	for _, k := range found {
		keys = append(keys, APIKey{ID: k.ID, Name: k.Description, CreatedAt: k.CreatedAt})
	}
	return keys, err
}

// CreateAPIKey makes a key, and the account that owns it with its permissions. The
// secret is shown in this answer and never again.
func (j *jmap) CreateAPIKey(ctx context.Context, n NewAPIKey) (APIKey, redact.Secret, error) {
	owner, domain, err := j.keyOwner(ctx, n.Login)
	if err != nil {
		return APIKey{}, redact.Secret{}, err
	}
	if domain == "" {
		return APIKey{}, redact.Secret{}, &UnexpectedError{"x:Domain/query", "no domain " + n.Login.Domain + " yet"}
	}
	permissions := obj{"@type": "Replace", "enabledPermissions": keyWords(n.Powers), "disabledPermissions": obj{}}
	var e *setError
	if owner == "" {
		e, err = j.create(ctx, "Account", obj{"@type": "User", "name": n.Login.localPart(), "domainId": domain, "description": ownAccount, "permissions": permissions})
	} else {
		e, err = j.update(ctx, "Account", owner, obj{"permissions": permissions})
	}
	if err != nil || e != nil {
		return APIKey{}, redact.Secret{}, cmp.Or(err, refused("setting up the account "+n.Login.Address(), e))
	}
	if owner == "" {
		if owner, _, err = j.keyOwner(ctx, n.Login); err != nil {
			return APIKey{}, redact.Secret{}, err
		}
	}
	return j.createKey(ctx, owner, n)
}

func (j *jmap) createKey(ctx context.Context, owner string, n NewAPIKey) (APIKey, redact.Secret, error) {
	value := obj{"description": n.Name, "permissions": obj{"@type": "Inherit"}, "allowedIps": setOf(n.AllowedIPs), "expiresAt": nil}
	created, e, err := j.set(ctx, "ApiKey", obj{"accountId": owner, "create": obj{newObject: value}})
	if err != nil || e != nil {
		return APIKey{}, redact.Secret{}, cmp.Or(err, refused("creating an API key", e))
	}
	id, secret, err := shownOnce("ApiKey", created)
	return APIKey{ID: id, Name: n.Name}, secret, err
}

// DestroyAPIKey ends a key at once; one that is gone already is no error.
func (j *jmap) DestroyAPIKey(ctx context.Context, l Login, k APIKey) error {
	owner, _, err := j.keyOwner(ctx, l)
	if err != nil || owner == "" {
		return err
	}
	return j.destroy(ctx, "ApiKey", k.ID, obj{"accountId": owner})
}
