package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/openova-io/smtp-mirror/stalwart"
)

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

func (o *jmapOperator) CreateList(ctx context.Context, address string) error {
	local, domain, err := o.split(ctx, address)
	if err != nil {
		return err
	}
	_, err = o.create(ctx, "MailingList", object{"name": local, "domainId": domain, "recipients": object{"somebody@" + mainDomain: true}})
	return err
}

func (o *jmapOperator) Join(ctx context.Context, login stalwart.Login, group string) error {
	id, _, err := o.account(ctx, loginOf(group))
	if err != nil {
		return err
	}
	return o.patch(ctx, login, object{"memberGroupIds": object{id: true}})
}

func (o *jmapOperator) Assign(ctx context.Context, login stalwart.Login, role string, words ...string) error {
	created, err := o.create(ctx, "Role", object{"description": role, "enabledPermissions": setOf(words)})
	if err != nil {
		return err
	}
	return o.patch(ctx, login, object{"permissions": object{"@type": "Inherit"},
		"roles": object{"@type": "Custom", "roleIds": object{created["id"].(string): true}}})
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
	return o.patch(ctx, login, object{"permissions": object{"@type": "Replace", "enabledPermissions": setOf(words), "disabledPermissions": object{}}})
}

// setOf is a set as 0.16 writes it.
func setOf(words []string) object {
	set := object{}
	for _, word := range words {
		set[word] = true
	}
	return set
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

func (o *jmapOperator) Word(p stalwart.Permission) string {
	return map[stalwart.Permission]string{stalwart.Authenticate: "authenticate", stalwart.SendMail: "emailSend", stalwart.ReceiveMail: "emailReceive"}[p]
}
