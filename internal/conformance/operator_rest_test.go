package conformance

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/openova-io/smtp-mirror/stalwart"
)

// restOperator works on 0.15, where a login is a principal's name.
type restOperator struct{ *desk }

// errAbsent says that the server knows no such thing.
var errAbsent = errors.New("not there")

// do sends a request and gives "data"; a refusal comes with status 200.
func (o *restOperator) do(ctx context.Context, method, path string, body any) (any, error) {
	answer, err := o.send(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	switch code := answer["error"]; code {
	case nil:
		return answer["data"], nil
	case "notFound":
		return nil, fmt.Errorf("%s %s: %w", method, path, errAbsent)
	default:
		return nil, fmt.Errorf("%s %s: %w: %v %v", method, path, errRefused, code, answer["field"])
	}
}

func (o *restOperator) create(ctx context.Context, principal object) error {
	_, err := o.do(ctx, http.MethodPost, "/api/principal", principal)
	return err
}

func (o *restOperator) patch(ctx context.Context, login stalwart.Login, action, field string, value any) error {
	_, err := o.do(ctx, http.MethodPatch, "/api/principal/"+login.User, []object{{"action": action, "field": field, "value": value}})
	return err
}

func (o *restOperator) principal(ctx context.Context, name string) (object, error) {
	data, err := o.do(ctx, http.MethodGet, "/api/principal/"+name, nil)
	return mapOf(data), err
}

func (o *restOperator) EnsureDomain(ctx context.Context, name string) error {
	_, err := o.principal(ctx, name)
	if errors.Is(err, errAbsent) {
		return o.create(ctx, object{"type": "domain", "name": name})
	}
	return err
}

func (o *restOperator) CreateAccount(ctx context.Context, login stalwart.Login, password string) error {
	return o.create(ctx, object{"type": "individual", "name": login.User, "emails": []string{login.User}, "roles": []string{"user"}, "secrets": []string{password}})
}

func (o *restOperator) CreateGroup(ctx context.Context, address string) error {
	return o.create(ctx, object{"type": "group", "name": address, "emails": []string{address}})
}

func (o *restOperator) CreateList(ctx context.Context, address string) error {
	return o.create(ctx, object{"type": "list", "name": address, "emails": []string{address}})
}

func (o *restOperator) Join(ctx context.Context, login stalwart.Login, group string) error {
	return o.patch(ctx, login, "addItem", "memberOf", group)
}

func (o *restOperator) Assign(ctx context.Context, login stalwart.Login, role string, words ...string) error {
	return errors.Join(
		o.create(ctx, object{"type": "role", "name": role, "enabledPermissions": words}),
		o.patch(ctx, login, "set", "roles", []string{role}),
		o.patch(ctx, login, "set", "enabledPermissions", []string{}),
	)
}

func (o *restOperator) Destroy(ctx context.Context, login stalwart.Login) error {
	_, err := o.do(ctx, http.MethodDelete, "/api/principal/"+login.User, nil)
	return err
}

func (o *restOperator) AddAlias(ctx context.Context, login stalwart.Login, address string) error {
	return o.patch(ctx, login, "addItem", "emails", address)
}

func (o *restOperator) RemoveAlias(ctx context.Context, login stalwart.Login, address string) error {
	return o.patch(ctx, login, "removeItem", "emails", address)
}

func (o *restOperator) SetPassword(ctx context.Context, login stalwart.Login, password string) error {
	return o.patch(ctx, login, "addItem", "secrets", password)
}

func (o *restOperator) AddAppPassword(ctx context.Context, login stalwart.Login) (string, error) {
	secret := rand.Text()
	return secret, o.patch(ctx, login, "addItem", "secrets", "$app$conformance$"+secret)
}

func (o *restOperator) Permit(ctx context.Context, login stalwart.Login, words ...string) error {
	return errors.Join(
		o.patch(ctx, login, "set", "roles", []string{}),
		o.patch(ctx, login, "set", "disabledPermissions", []string{}),
		o.patch(ctx, login, "set", "enabledPermissions", words),
	)
}

func (o *restOperator) Deny(ctx context.Context, login stalwart.Login, word string) error {
	return o.patch(ctx, login, "addItem", "disabledPermissions", word)
}

func (o *restOperator) Permissions(ctx context.Context, login stalwart.Login) ([]string, error) {
	p, err := o.principal(ctx, login.User)
	var words []string
	list, _ := p["enabledPermissions"].([]any)
	for _, word := range list {
		words = append(words, word.(string))
	}
	slices.Sort(words)
	return words, err
}

func (o *restOperator) Stored(ctx context.Context, login stalwart.Login) (string, error) {
	p, err := o.principal(ctx, login.User)
	if err != nil {
		return "", err
	}
	for _, value := range p {
		// Lists of permissions come in any order.
		if list, ok := value.([]any); ok {
			slices.SortFunc(list, func(a, b any) int { return slices.Compare([]byte(fmt.Sprint(a)), []byte(fmt.Sprint(b))) })
		}
	}
	text, err := json.Marshal(p)
	return string(text), err
}

const brokenSetting = "session.auth.must-match-sender"

// BreakReload stores an expression that cannot be parsed. It never becomes
// effective, because the reload that would make it so fails.
func (o *restOperator) BreakReload(ctx context.Context) error {
	_, err := o.do(ctx, http.MethodPost, "/api/settings", []object{{"type": "insert", "prefix": nil, "assert_empty": false,
		"values": [][2]string{{brokenSetting, "this is no expression"}}}})
	return err
}

func (o *restOperator) MendReload(ctx context.Context) error {
	_, err := o.do(ctx, http.MethodDelete, "/api/settings/"+brokenSetting, nil)
	return err
}

// AddKey gives the key an id of its own, as the usual one may be taken.
func (o *restOperator) AddKey(ctx context.Context, domain, selector, _ string) error {
	_, err := o.do(ctx, http.MethodPost, "/api/dkim", object{"algorithm": "Ed25519", "domain": domain, "id": selector + "-" + domain, "selector": selector})
	return err
}

func (o *restOperator) Word(p stalwart.Permission) string {
	return map[stalwart.Permission]string{stalwart.Authenticate: "authenticate", stalwart.SendMail: "email-send", stalwart.ReceiveMail: "email-receive"}[p]
}

// addRSAKey makes the key that a domain usually has.
func (o *restOperator) addRSAKey(ctx context.Context, domain string) error {
	_, err := o.do(ctx, http.MethodPost, "/api/dkim", object{"algorithm": "Rsa", "domain": domain, "id": nil, "selector": nil})
	return err
}
