package conformance

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/openova-io/smtp-mirror/stalwart"
)

// jmapOperator works on 0.16.
type jmapOperator struct{ *desk }

type object = map[string]any

// call runs one method and fails with whatever is refused in it.
func (o *jmapOperator) call(ctx context.Context, method string, args object) (object, error) {
	body, err := o.send(ctx, http.MethodPost, "/jmap", object{
		"using": []string{"urn:ietf:params:jmap:core", "urn:stalwart:jmap"}, "methodCalls": []any{[]any{method, args, "0"}},
	})
	if err != nil {
		return nil, err
	}
	answer := body["methodResponses"].([]any)[0].([]any)
	result := answer[1].(object)
	if answer[0] == "error" {
		return nil, fmt.Errorf("%s: %w: %v", method, errRefused, result["type"])
	}
	for _, key := range []string{"notCreated", "notUpdated", "notDestroyed"} {
		for _, refusal := range mapOf(result[key]) {
			why := mapOf(refusal)
			return nil, fmt.Errorf("%s: %w: %v %v %v", method, errRefused, why["type"], why["properties"], why["description"])
		}
	}
	return result, nil
}

func mapOf(v any) object {
	m, _ := v.(object)
	return m
}

func (o *jmapOperator) create(ctx context.Context, kind string, value object) (object, error) {
	result, err := o.call(ctx, "x:"+kind+"/set", object{"create": object{"new": value}})
	return mapOf(mapOf(result["created"])["new"]), err
}

func (o *jmapOperator) update(ctx context.Context, kind, id string, patch object) error {
	_, err := o.call(ctx, "x:"+kind+"/set", object{"update": object{id: patch}})
	return err
}

// find gives the id of the one object that a filter selects, "" for none.
func (o *jmapOperator) find(ctx context.Context, kind string, filter object) (string, error) {
	result, err := o.call(ctx, "x:"+kind+"/query", object{"filter": filter})
	if err != nil {
		return "", err
	}
	if ids, _ := result["ids"].([]any); len(ids) > 0 {
		return ids[0].(string), nil
	}
	return "", nil
}

func (o *jmapOperator) read(ctx context.Context, kind, id string) (object, error) {
	result, err := o.call(ctx, "x:"+kind+"/get", object{"ids": []string{id}})
	if err != nil {
		return nil, err
	}
	if list, _ := result["list"].([]any); len(list) == 1 {
		return mapOf(list[0]), nil
	}
	return nil, fmt.Errorf("x:%s/get: %w: no object %q", kind, errRefused, id)
}

// split gives the local part of an address and the id of its domain.
func (o *jmapOperator) split(ctx context.Context, address string) (local, domain string, err error) {
	local, name, _ := strings.Cut(address, "@")
	domain, err = o.find(ctx, "Domain", object{"name": name})
	if err == nil && domain == "" {
		err = fmt.Errorf("%w: no domain %s", errRefused, name)
	}
	return local, domain, err
}

// account gives id and object of a login.
func (o *jmapOperator) account(ctx context.Context, login stalwart.Login) (string, object, error) {
	local, _, _ := strings.Cut(login.User, "@")
	_, domain, err := o.split(ctx, "@"+login.Domain)
	if err != nil {
		return "", nil, err
	}
	id, err := o.find(ctx, "Account", object{"name": local, "domainId": domain})
	if err != nil {
		return "", nil, err
	}
	account, err := o.read(ctx, "Account", id)
	return id, account, err
}

func (o *jmapOperator) patch(ctx context.Context, login stalwart.Login, patch object) error {
	id, _, err := o.account(ctx, login)
	if err != nil {
		return err
	}
	return o.update(ctx, "Account", id, patch)
}

func (o *jmapOperator) EnsureDomain(ctx context.Context, name string) error {
	id, err := o.find(ctx, "Domain", object{"name": name})
	if err != nil || id != "" {
		return err
	}
	created, err := o.create(ctx, "Domain", object{"name": name, "dkimManagement": object{"@type": "Manual"}})
	if err != nil || name != mainDomain {
		return err
	}
	return o.update(ctx, "SystemSettings", "singleton", object{"defaultHostname": hostname, "defaultDomainId": created["id"]})
}

func (o *jmapOperator) CreateAccount(ctx context.Context, login stalwart.Login, password string) error {
	local, _, _ := strings.Cut(login.User, "@")
	_, domain, err := o.split(ctx, "@"+login.Domain)
	if err != nil {
		return err
	}
	_, err = o.create(ctx, "Account", object{"@type": "User", "name": local, "domainId": domain,
		"credentials": object{"0": object{"@type": "Password", "secret": password}}})
	return err
}

func (o *jmapOperator) CreateGroup(ctx context.Context, address string) error {
	local, domain, err := o.split(ctx, address)
	if err != nil {
		return err
	}
	_, err = o.create(ctx, "Account", object{"@type": "Group", "name": local, "domainId": domain})
	return err
}

func (o *jmapOperator) Destroy(ctx context.Context, login stalwart.Login) error {
	id, _, err := o.account(ctx, login)
	if err != nil {
		return err
	}
	_, err = o.call(ctx, "x:Account/set", object{"destroy": []string{id}})
	return err
}

func (o *jmapOperator) AddAlias(ctx context.Context, login stalwart.Login, address string) error {
	local, domain, err := o.split(ctx, address)
	if err != nil {
		return err
	}
	id, account, err := o.account(ctx, login)
	if err != nil {
		return err
	}
	behind := strconv.Itoa(len(mapOf(account["aliases"])))
	return o.update(ctx, "Account", id, object{"aliases/" + behind: object{"name": local, "domainId": domain}})
}

func (o *jmapOperator) RemoveAlias(ctx context.Context, login stalwart.Login, address string) error {
	local, domain, err := o.split(ctx, address)
	if err != nil {
		return err
	}
	id, account, err := o.account(ctx, login)
	if err != nil {
		return err
	}
	for index, alias := range mapOf(account["aliases"]) {
		if a := mapOf(alias); a["name"] == local && a["domainId"] == domain {
			return o.update(ctx, "Account", id, object{"aliases/" + index: nil})
		}
	}
	return fmt.Errorf("%w: no alias %s", errRefused, address)
}

func (o *jmapOperator) SetPassword(ctx context.Context, login stalwart.Login, password string) error {
	return o.patch(ctx, login, object{"credentials/0/secret": password})
}

func (o *jmapOperator) AddAppPassword(ctx context.Context, login stalwart.Login) (string, error) {
	id, _, err := o.account(ctx, login)
	if err != nil {
		return "", err
	}
	result, err := o.call(ctx, "x:AppPassword/set", object{"accountId": id, "create": object{"new": object{"description": "conformance"}}})
	secret, _ := mapOf(mapOf(result["created"])["new"])["secret"].(string)
	return secret, err
}

func (o *jmapOperator) Permit(ctx context.Context, login stalwart.Login, words ...string) error {
	enabled := object{}
	for _, word := range words {
		enabled[word] = true
	}
	return o.patch(ctx, login, object{"permissions": object{"@type": "Replace", "enabledPermissions": enabled, "disabledPermissions": object{}}})
}

func (o *jmapOperator) Deny(ctx context.Context, login stalwart.Login, word string) error {
	return o.patch(ctx, login, object{"permissions/disabledPermissions/" + word: true})
}

func (o *jmapOperator) Permissions(ctx context.Context, login stalwart.Login) ([]string, error) {
	_, account, err := o.account(ctx, login)
	return slices.Sorted(maps.Keys(mapOf(mapOf(account["permissions"])["enabledPermissions"]))), err
}

func (o *jmapOperator) Stored(ctx context.Context, login stalwart.Login) (string, error) {
	_, account, err := o.account(ctx, login)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(account)
	return string(text), err
}

// BreakReload switches on a spam check whose server has no address.
func (o *jmapOperator) BreakReload(ctx context.Context) error {
	return o.update(ctx, "SpamPyzor", "singleton", object{"enable": true, "host": "pyzor.invalid"})
}

func (o *jmapOperator) MendReload(ctx context.Context) error {
	return o.update(ctx, "SpamPyzor", "singleton", object{"enable": false})
}

func (o *jmapOperator) AddKey(ctx context.Context, domain, selector, stage string) error {
	_, id, err := o.split(ctx, "@"+domain)
	if err != nil {
		return err
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fmt.Errorf("encode a key: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	_, err = o.create(ctx, "DkimSignature", object{"@type": "Dkim1Ed25519Sha256", "domainId": id, "selector": selector,
		"stage": stage, "privateKey": object{"@type": "Text", "secret": string(text)}})
	return err
}

func (o *jmapOperator) Word(p stalwart.Permission) string {
	return map[stalwart.Permission]string{stalwart.Authenticate: "authenticate", stalwart.SendMail: "emailSend", stalwart.ReceiveMail: "emailReceive"}[p]
}
