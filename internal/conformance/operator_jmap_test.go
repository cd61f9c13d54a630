package conformance

import (
	"context"
	"fmt"
	"net/http"
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
