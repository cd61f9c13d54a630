package stalwart

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/openova-io/smtp-mirror/redact"
)

type principal struct {
	Type     string   `json:"type"`
	Name     string   `json:"name"`
	Emails   []string `json:"emails"`
	MemberOf []string `json:"memberOf"`
	Roles    []string `json:"roles"`
	Enabled  []string `json:"enabledPermissions"`
	Disabled []string `json:"disabledPermissions"`
	Secrets  appNames `json:"secrets"` // of which only the names of app passwords are kept
}

// restPermission is the word of 0.15 for a permission.
var restPermission = map[Permission]string{Authenticate: "authenticate", SendMail: "email-send", ReceiveMail: "email-receive"} //nolint:gochecknoglobals // a constant table

func principalPath(name string) string { return "/api/principal/" + url.PathEscape(name) }

// principal reads one principal, nil where there is none. Looking up is
// case-sensitive.
func (r *rest) principal(ctx context.Context, name string) (*principal, error) {
	var found principal
	e, err := r.ask(ctx, http.MethodGet, principalPath(name), nil, &found)
	if err != nil || e != nil && e.Code == codeNotFound {
		return nil, err
	}
	return &found, e.refusal("reading the principal " + name)
}

// Domain finds a domain; names are stored in lower case.
func (r *rest) Domain(ctx context.Context, name string) (*Domain, error) {
	p, err := r.principal(ctx, strings.ToLower(name))
	if err != nil || p == nil {
		return nil, err
	}
	if p.Type != "domain" {
		return nil, &OwnedError{Address: name, Owner: "the " + p.Type + " " + p.Name}
	}
	return &Domain{ID: p.Name, Name: p.Name}, nil
}

// CreateDomain creates a domain; losing a race against somebody else is
// [ErrExists].
func (r *rest) CreateDomain(ctx context.Context, name string, _ bool) error {
	e, err := r.ask(ctx, http.MethodPost, "/api/principal", obj{"type": "domain", "name": strings.ToLower(name)}, nil)
	if err != nil || e == nil {
		return err
	}
	if e.Code == codeExists {
		return ErrExists
	}
	return e.refusal("creating the domain " + name)
}

// account finds the account whose name is the login, to the letter.
func (r *rest) account(ctx context.Context, login Login) (*Account, error) {
	p, err := r.principal(ctx, login.User)
	if err != nil || p == nil {
		return nil, err
	}
	if p.Type != "individual" {
		return nil, &OwnedError{Address: login.User, Owner: "the " + p.Type + " " + p.Name}
	}
	addresses, err := r.addresses(ctx, p)
	if err != nil {
		return nil, err
	}
	missing, denied := p.lacks()
	return &Account{ID: p.Name, Login: login, Addresses: addresses, Missing: missing, Denied: denied, AppPasswords: p.Secrets.appPasswords()}, nil
}

// addresses lists what is an individual's own: its addresses, and those of the
// groups that it is a member of. A name that is an address may be used in MAIL FROM
// although it is not among them (observed), but then it has no mailbox, and anybody
// else can be given it.
func (r *rest) addresses(ctx context.Context, p *principal) ([]string, error) {
	all := slices.Clone(p.Emails)
	for _, name := range p.MemberOf {
		group, err := r.principal(ctx, name)
		if err != nil {
			return nil, err
		}
		if group != nil {
			all = append(all, group.Emails...)
		}
	}
	for i, address := range all {
		all[i] = strings.ToLower(address)
	}
	return all, nil
}

// lacks says what an account certainly cannot do. A principal without a role
// and without permissions can do nothing; custom roles are not read: a login proves
// what they hold, but none can prove the receiving.
func (p *principal) lacks() (missing, denied []Permission) {
	for _, permission := range []Permission{Authenticate, SendMail, ReceiveMail} {
		word := restPermission[permission]
		switch {
		case slices.Contains(p.Disabled, word):
			denied = append(denied, permission)
		case slices.Contains(p.Enabled, word):
		case len(p.Roles) == 0 || permission == ReceiveMail && !slices.Contains(p.Roles, "user"):
			missing = append(missing, permission)
		}
	}
	return missing, denied
}

// CreateAccount creates an individual with least permissions and a hashed
// password: 0.15 stores and shows secrets verbatim.
func (r *rest) CreateAccount(ctx context.Context, a NewAccount) error {
	hash, err := hashPassword(a.Password)
	if err != nil {
		return err
	}
	var words []string
	for _, p := range a.Permissions {
		words = append(words, restPermission[p])
	}
	body := obj{"type": "individual", "name": a.Login.User, "description": "made by smtp-mirror for mail submission", "secrets": []string{hash}, "emails": a.Addresses, "enabledPermissions": words}
	e, err := r.ask(ctx, http.MethodPost, "/api/principal", body, nil)
	if err != nil {
		return err
	}
	if e != nil && e.Code == codeExists {
		if now, err := r.principal(ctx, a.Login.User); e.Field == "name" || err == nil && now != nil {
			return createdMeanwhile(a.Login)
		}
	}
	return scrubbed(r.addressRefused(ctx, "creating the account "+a.Login.User, a.Addresses, e), redact.New(hash), a.Password)
}

// patch sends operations on one principal; they are one transaction.
func (r *rest) patch(ctx context.Context, name string, ops ...obj) (*managementError, error) {
	return r.ask(ctx, http.MethodPatch, principalPath(name), ops, nil)
}

func add(field, value string) obj { return obj{"action": "addItem", "field": field, "value": value} }

// GrantAddress adds one address.
func (r *rest) GrantAddress(ctx context.Context, a *Account, address string) error {
	e, err := r.patch(ctx, a.ID, add("emails", strings.ToLower(address)))
	if err != nil {
		return err
	}
	return r.addressRefused(ctx, "granting "+address, []string{address}, e)
}

// GrantPermissions adds permissions and takes none away.
func (r *rest) GrantPermissions(ctx context.Context, a *Account, all []Permission) error {
	var ops []obj
	for _, p := range all {
		ops = append(ops, add("enabledPermissions", restPermission[p]))
	}
	e, err := r.patch(ctx, a.ID, ops...)
	if err != nil {
		return err
	}
	return e.refusal("granting permissions to " + a.ID)
}

// SetPassword replaces the main password and keeps app passwords.
func (r *rest) SetPassword(ctx context.Context, a *Account, password redact.Secret) error {
	hash, err := hashPassword(password)
	if err != nil {
		return err
	}
	e, err := r.patch(ctx, a.ID, add("secrets", hash))
	if err != nil {
		return err
	}
	return scrubbed(e.refusal("setting the password of "+a.ID), redact.New(hash), password)
}

// addressRefused names the owner of an address that is taken: the refusal names
// only the address.
func (r *rest) addressRefused(ctx context.Context, what string, addresses []string, e *managementError) error {
	if e == nil || e.Code != codeExists || e.Field != "emails" {
		return e.refusal(what)
	}
	for _, address := range addresses {
		owner, err := r.Owner(ctx, address)
		var forbidden *ForbiddenError
		if err != nil && !errors.As(err, &forbidden) {
			return err
		}
		if owner != "" {
			return &OwnedError{Address: address, Owner: owner}
		}
	}
	return &OwnedError{Address: strings.Join(addresses, " or "), Owner: "another principal"}
}
