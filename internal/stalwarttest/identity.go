package stalwarttest

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// identity is who a request or a session acts as, with the grants of the moment
// of the login.
type identity struct {
	id        string // account id; recoveryID for the administrator
	name      string // login as the session shows it
	super     bool
	grants    *grant
	principal *principal // 0.15
	apiKey    bool
}

func (who *identity) may(permission string) bool {
	return who.super || who.grants != nil && who.grants.permissions[permission]
}

// owns tells whether an address may be used in MAIL FROM.
func (who *identity) owns(address string) bool {
	if who.grants == nil || address == "" {
		return false
	}
	_, domain, _ := strings.Cut(address, "@")
	for _, own := range who.grants.addresses {
		if strings.EqualFold(own, address) || own != "" && own[0] == '@' && strings.EqualFold(own, "@"+domain) {
			return true
		}
	}
	return false
}

// verdict is the outcome of a login.
type verdict int

const (
	refused   verdict = iota // wrong name or password: 535, 401, counts for bans
	accepted                 //
	forbidden                // right password, but: 550 5.7.1, 403
	temporary                // cannot be decided: 454, 401
	dropped                  // the connection is closed without a word
)

// login checks a name and a password as both protocols do.
func (s *Server) login(p *process, login, password, ip string) (*identity, verdict) {
	if s.edition.rest {
		return s.loginREST(p, login, password)
	}
	lower := strings.ToLower(login)
	if lower == s.opts.AdminUser && p.adminPassword != "" {
		if ok, err := verifySecret(strings.TrimSpace(p.adminPassword), password); ok && err == nil {
			return &identity{id: recoveryID, name: lower, super: true}, accepted
		}
		return nil, refused
	}
	if p.mode == "bootstrap" {
		return nil, refused
	}
	if !strings.Contains(lower, "@") {
		lower += "@" + p.active.defaultDomain
	}
	return s.loginAccount(p, lower, password, ip)
}

// defaultDomain is the one in the store. A process completes bare names with the
// one that it has loaded.
func (s *Server) defaultDomain() string {
	id := str(s.singleton("SystemSettings")["defaultDomainId"])
	return str(s.store.table("Domain")[id]["name"])
}

func (s *Server) loginAccount(p *process, login, password, ip string) (*identity, verdict) {
	found, ok := s.findOwner(p, login)
	if !ok || found.object != "Account" {
		return nil, refused
	}
	account, ok := s.store.get("Account", found.id)
	if !ok {
		return nil, refused
	}
	if str(account["@type"]) == "Group" {
		return nil, temporary
	}
	grants := s.grantOf(p, found.id)
	if !strings.HasPrefix(login, str(account["name"])+"@") && !grants.permissions["authenticateWithAlias"] {
		return nil, refused
	}
	who := &identity{id: found.id, name: s.address(account), grants: grants}
	return s.tryCredentials(who, account, password, ip)
}

// tryCredentials compares with the first Password and with every AppPassword.
// API keys are no passwords.
func (s *Server) tryCredentials(who *identity, account object, password, ip string) (*identity, verdict) {
	passwordSeen := false
	for _, credential := range entries(account["credentials"]) {
		kind := str(credential["@type"])
		if kind == "ApiKey" || kind == "Password" && passwordSeen {
			continue
		}
		passwordSeen = passwordSeen || kind == "Password"
		if ok, err := verifySecret(str(credential["secret"]), password); !ok || err != nil {
			continue
		}
		return s.judge(who, credential, ip)
	}
	return nil, refused
}

// judge applies the limits of the one credential that matched.
func (s *Server) judge(who *identity, credential object, ip string) (*identity, verdict) {
	if s.expired(credential) {
		if str(credential["@type"]) == "Password" {
			return who, forbidden
		}
		return nil, temporary
	}
	if allowed := members(credential["allowedIps"]); len(allowed) > 0 && !matchesAny(allowed, ip) {
		return nil, dropped
	}
	return narrowed(who, sub(credential["permissions"])), accepted
}

func (s *Server) expired(credential object) bool {
	end, ok := parseStamp(credential["expiresAt"])
	return ok && !s.now().Before(end)
}

// narrowed limits an identity to the permissions of its credential, which never
// widen what the account has.
func narrowed(who *identity, permissions object) *identity {
	kind := str(permissions["@type"])
	if kind == "" || kind == "Inherit" {
		return who
	}
	named := sub(permissions["permissions"])
	out := *who
	out.grants = &grant{addresses: who.grants.addresses, permissions: map[string]bool{}}
	for p := range who.grants.permissions {
		if (kind == "Disable") != (named[p] == true) || kind == "Merge" {
			out.grants.permissions[p] = true
		}
	}
	return &out
}

// apiKeyPrefix marks a bearer token that names account and credential.
const apiKeyPrefix = "API_"

func newAPIKey(account, credential string) string {
	raw := make([]byte, 28)
	a, _ := decodeID(account)
	c, _ := decodeID(credential)
	binary.BigEndian.PutUint32(raw, uint32(a))
	binary.BigEndian.PutUint32(raw[4:], uint32(c))
	copy(raw[8:], randomText(20))
	return apiKeyPrefix + base64.RawURLEncoding.EncodeToString(raw)
}

// loginAPIKey checks a bearer token of 0.16.
func (s *Server) loginAPIKey(p *process, token, ip string) (*identity, verdict) {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, apiKeyPrefix))
	if err != nil || len(raw) < 8 || !strings.HasPrefix(token, apiKeyPrefix) {
		return nil, refused
	}
	account := encodeID(uint64(binary.BigEndian.Uint32(raw)))
	wanted := encodeID(uint64(binary.BigEndian.Uint32(raw[4:])))
	o, ok := s.store.get("Account", account)
	if !ok {
		return nil, refused
	}
	for _, credential := range entries(o["credentials"]) {
		if str(credential["credentialId"]) != wanted || str(credential["@type"]) != "ApiKey" {
			continue
		}
		if ok, err := verifySecret(str(credential["secret"]), token); !ok || err != nil || s.expired(credential) {
			return nil, refused
		}
		who := &identity{id: account, name: s.address(o), grants: s.grantOf(p, account), apiKey: true}
		if allowed := members(credential["allowedIps"]); len(allowed) > 0 && !matchesAny(allowed, ip) {
			return who, forbidden
		}
		return narrowed(who, sub(credential["permissions"])), accepted
	}
	return nil, refused
}
