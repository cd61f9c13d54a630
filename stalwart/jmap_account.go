package stalwart

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/openova-io/smtp-mirror/redact"
)

type jmapAccount struct {
	ID          string                    `json:"id"`
	Type        string                    `json:"@type"`
	Name        string                    `json:"name"`
	DomainID    string                    `json:"domainId"`
	Aliases     map[string]jmapAlias      `json:"aliases"`
	Groups      map[string]bool           `json:"memberGroupIds"`
	RoleType    jmapTyped                 `json:"roles"`
	Permissions jmapPermissions           `json:"permissions"`
	Credentials map[string]jmapCredential `json:"credentials"`
}

type jmapTyped struct {
	Type string `json:"@type"`
}

type jmapPermissions struct {
	Type     string          `json:"@type"` // Inherit, Merge, Replace
	Enabled  map[string]bool `json:"enabledPermissions"`
	Disabled map[string]bool `json:"disabledPermissions"`
}

// jmapPermission is the word of 0.16 for a permission.
var jmapPermission = map[Permission]string{Authenticate: "authenticate", SendMail: "emailSend", ReceiveMail: "emailReceive"} //nolint:gochecknoglobals // a constant table

// ofLogin selects the account of a login in a domain.
func ofLogin(login Login, domainID string) obj {
	return obj{"name": login.localPart(), "domainId": domainID}
}

// account is the one of a login among those that were found: a user whose own
// address it is.
func (j *jmap) account(ctx context.Context, found []jmapAccount, login Login, domain *jmapDomain) (*Account, error) {
	i := slices.IndexFunc(found, func(a jmapAccount) bool { return a.Type == "User" })
	if i < 0 {
		return nil, nil
	}
	a := found[i]
	addresses, err := j.addresses(ctx, a, map[string][]string{domain.ID: domain.names()})
	if err != nil {
		return nil, err
	}
	missing, denied := a.Permissions.lacks(a.RoleType.Type)
	return &Account{ID: a.ID, Login: login, Addresses: addresses, Missing: missing, Denied: denied, AppPasswords: a.appPasswords(), raw: a}, nil
}

// lacks says what an account certainly cannot do. Custom roles are not read: a
// login proves what they hold, but none can prove the receiving.
func (p jmapPermissions) lacks(role string) (missing, denied []Permission) {
	for _, permission := range []Permission{Authenticate, SendMail, ReceiveMail} {
		word := jmapPermission[permission]
		switch {
		case p.Disabled[word]:
			denied = append(denied, permission)
		case p.Enabled[word]:
		case p.Type == "Replace" || permission == ReceiveMail && role == "Custom":
			missing = append(missing, permission)
		}
	}
	return missing, denied
}

// CreateAccount creates a user with least permissions.
func (j *jmap) CreateAccount(ctx context.Context, a NewAccount) error {
	domain, err := j.domain(ctx, a.Login.Domain)
	if err != nil {
		return err
	}
	if domain == nil {
		return &UnexpectedError{"x:Domain/query", "no domain " + a.Login.Domain + " right after it was there"}
	}
	aliases := obj{}
	for i, address := range a.Addresses {
		alias, err := j.alias(ctx, address)
		if err != nil {
			return err
		}
		aliases[strconv.Itoa(i)] = alias
	}
	e, err := j.create(ctx, "Account", obj{
		"@type": "User", "name": a.Login.localPart(), "domainId": domain.ID, "description": "made by smtp-mirror for mail submission",
		"credentials": obj{"0": obj{"@type": "Password", "secret": a.Password.Reveal()}},
		"aliases":     aliases,
		"permissions": obj{"@type": "Replace", "enabledPermissions": permissionSet(a.Permissions)},
	})
	if err != nil {
		return err
	}
	if e != nil && e.Type == "primaryKeyViolation" {
		var found []jmapAccount
		if err := j.find(ctx, "Account", ofLogin(a.Login, domain.ID), &found); err == nil && len(found) > 0 && found[0].Type == "User" {
			return createdMeanwhile(a.Login)
		}
	}
	return j.accountRefused(ctx, "creating the account "+a.Login.localPart(), strings.Join(append([]string{a.Login.localPart() + "@" + a.Login.Domain}, a.Addresses...), " or "), e, a.Password)
}

func permissionSet(all []Permission) obj {
	set := obj{}
	for _, p := range all {
		set[jmapPermission[p]] = true
	}
	return set
}

// alias is the object of an address; its domain must be one of Stalwart's.
func (j *jmap) alias(ctx context.Context, address string) (obj, error) {
	at := strings.LastIndexByte(address, '@')
	domain, err := j.serving(ctx, address[at+1:])
	if err != nil {
		return nil, err
	}
	if domain == nil {
		return nil, &RefusedError{What: "granting " + address, Type: "unknown domain", Detail: "Stalwart does not serve " + address[at+1:]}
	}
	return obj{"name": strings.ToLower(address[:at]), "domainId": domain.ID, "description": "send-as, granted by smtp-mirror"}, nil
}

// behindAll is a list index that no account reaches.
const behindAll = "99999"

// GrantAddress adds one alias. The entries of the list are positions: a path to
// an existing index REPLACES that entry, and the index behind the last one may
// exist by the time the patch arrives. An index far behind all of them appends
// (observed on 0.16.3 and 0.16.18), so an alias that somebody else adds at the
// same moment is never lost.
func (j *jmap) GrantAddress(ctx context.Context, a *Account, address string) error {
	alias, err := j.alias(ctx, address)
	if err != nil {
		return err
	}
	e, err := j.update(ctx, "Account", a.ID, obj{"aliases/" + behindAll: alias})
	if err != nil {
		return err
	}
	return j.accountRefused(ctx, "granting "+address, address, e)
}

// GrantPermissions adds permissions and takes none away. An account that
// inherits its permissions gets them merged in.
func (j *jmap) GrantPermissions(ctx context.Context, a *Account, all []Permission) error {
	raw := a.raw.(jmapAccount)
	patch := obj{}
	if raw.Permissions.Type == "Inherit" || raw.Permissions.Type == "" {
		patch["permissions"] = obj{"@type": "Merge", "enabledPermissions": permissionSet(all), "disabledPermissions": obj{}}
	} else {
		for word := range permissionSet(all) {
			patch["permissions/enabledPermissions/"+word] = true
		}
	}
	e, err := j.update(ctx, "Account", a.ID, patch)
	if err != nil {
		return err
	}
	return refused("granting permissions to "+a.Login.User, e)
}

// SetPassword changes the password in place: the path keeps the account's
// AppPasswords, which a new list of credentials would drop. An account that has
// lost its password (a null below a list index removes the entry before 0.16.5)
// gets one appended.
func (j *jmap) SetPassword(ctx context.Context, a *Account, password redact.Secret) error {
	var found []struct {
		Credentials map[string]jmapTyped `json:"credentials"`
	}
	if err := j.get(ctx, "Account", []string{a.ID}, &found); err != nil {
		return err
	}
	if len(found) == 0 {
		return &UnexpectedError{"x:Account/get", "no account right after it was there"}
	}
	patch := obj{"credentials/" + behindAll: obj{"@type": "Password", "secret": password.Reveal()}}
	for index, credential := range found[0].Credentials {
		if credential.Type == "Password" {
			patch = obj{"credentials/" + index + "/secret": password.Reveal()}
		}
	}
	e, err := j.update(ctx, "Account", a.ID, patch)
	if err != nil {
		return err
	}
	return j.accountRefused(ctx, "setting the password of "+a.Login.User, "", e, password)
}

// accountRefused names the owner of an address that is taken.
func (j *jmap) accountRefused(ctx context.Context, what, address string, e *setError, secrets ...redact.Secret) error {
	if e == nil {
		return nil
	}
	if e.Type == "primaryKeyViolation" && e.ObjectID != nil {
		return &OwnedError{Address: address, Owner: j.owner(ctx, e.ObjectID.Object, e.ObjectID.ID)}
	}
	return scrubbed(refused(what, e), secrets...)
}

// owner describes the owner of an address as well as it can be read.
func (j *jmap) owner(ctx context.Context, object, id string) string {
	kind := strings.ToLower(object)
	var found []struct {
		Type  string `json:"@type"`
		Email string `json:"emailAddress"`
	}
	err := j.get(ctx, object, []string{id}, &found)
	if err != nil || len(found) == 0 || found[0].Email == "" {
		return "another " + kind + " (id " + id + ")"
	}
	if found[0].Type == "Group" {
		kind = "group"
	}
	return "the " + kind + " " + found[0].Email
}
