package stalwarttest

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

// authenticated returns who sends the request. Without valid credentials it
// answers the request itself and returns nil.
func (x *exchange) authenticated() *identity {
	header := x.r.Header.Get("Authorization")
	scheme, value, _ := strings.Cut(header, " ")
	switch {
	case strings.EqualFold(scheme, "Basic"):
		return x.basic(value)
	case strings.EqualFold(scheme, "Bearer"):
		return x.bearer(value)
	}
	if header == "" && x.limited() {
		return nil
	}
	if header == "" && x.s.edition.rest {
		x.fail(http.StatusUnauthorized)
		return nil
	}
	x.unauthorized()
	return nil
}

func (x *exchange) basic(value string) *identity {
	raw, err := base64.StdEncoding.DecodeString(value)
	login, password, found := strings.Cut(string(raw), ":")
	if err != nil || !found {
		x.unauthorized()
		return nil
	}
	if x.s.edition.rest {
		login = strings.ToLower(login) // 0.15 does so on HTTP only
	}
	who, v := x.s.login(x.p, login, password, x.ip)
	return x.decide(strings.ToLower(login), x.outsideAPI(who, &v), v)
}

// outsideAPI refuses API keys of 0.15 on /jmap.
func (x *exchange) outsideAPI(who *identity, v *verdict) *identity {
	if x.s.edition.rest && who != nil && who.apiKey && !strings.HasPrefix(x.r.URL.Path, "/api") {
		*v = temporary
		return nil
	}
	return who
}

func (x *exchange) bearer(token string) *identity {
	if x.limited() {
		return nil
	}
	if !x.s.edition.rest {
		who, v := x.s.loginAPIKey(x.p, token, x.ip)
		return x.decide("", who, v)
	}
	who, v, known := x.s.loginBearer(x.p, token)
	if !known {
		x.unauthorized()
		return nil
	}
	return x.decide("", x.outsideAPI(who, &v), v)
}

// decide turns the outcome of a login into an identity or an answer.
func (x *exchange) decide(login string, who *identity, v verdict) *identity {
	x.s.records.login("http", login, v)
	switch {
	case v == accepted && who.may("authenticate"):
		x.s.emitLocked(x.p, "auth.success", object{"accountName": who.name, "remoteIp": x.ip, "listenerId": "http"})
		if x.overAccountLimit(who) {
			return nil
		}
		return who
	case v == accepted, v == forbidden, v == dropped:
		x.fail(http.StatusForbidden)
	case v == temporary:
		x.unauthorized()
	default:
		x.refuse(login)
	}
	return nil
}

// refuse counts the failure. The one that is too many gets a 429, everything
// after it no answer at all.
func (x *exchange) refuse(login string) {
	x.s.emitLocked(x.p, "auth.failed", object{"accountName": login, "remoteIp": x.ip, "listenerId": "http", "reason": "Authentication failed"})
	if !x.s.loginFailed(x.p, x.ip, login) {
		x.wrongPassword()
		return
	}
	x.json(http.StatusTooManyRequests, problemJSON, problem{
		Type: blank, Status: 429, Title: "Too Many Authentication Attempts",
		Detail: "Your request has been rate limited. Please try again in a few minutes.",
	})
}

// wrongPassword is the same answer, in 0.15 without an invitation to try again.
func (x *exchange) wrongPassword() {
	if x.s.edition.rest && strings.HasPrefix(x.r.URL.Path, "/api") {
		x.fail(http.StatusUnauthorized)
		return
	}
	x.unauthorized()
}

func (x *exchange) unauthorized() {
	bearer := `Bearer realm="Stalwart Server"`
	if !x.s.edition.rest && !x.s.edition.nullDrops {
		bearer += `, resource_metadata="/.well-known/oauth-protected-resource"`
	}
	x.w.Header().Add("WWW-Authenticate", bearer)
	x.w.Header().Add("WWW-Authenticate", `Basic realm="Stalwart Server"`)
	x.fail(http.StatusUnauthorized)
}

func (x *exchange) overAccountLimit(who *identity) bool {
	rate := x.p.active.accountRate
	if who.may(x.s.permissionName("unlimitedRequests")) || rate == 0 || x.p.mode != "" {
		return false
	}
	w := windowOf(x.p.perAccount, who.name)
	if w.count(x.s.now(), time.Minute) <= rate {
		return false
	}
	x.tooMany(w, rate)
	return true
}

// permissionName writes a permission in the spelling of the generation.
func (s *Server) permissionName(name string) string {
	if !s.edition.rest {
		return name
	}
	var out strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			out.WriteByte('-')
			r += 'a' - 'A'
		}
		out.WriteRune(r)
	}
	return out.String()
}
