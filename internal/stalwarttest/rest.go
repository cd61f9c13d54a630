package stalwarttest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// serveREST routes the paths of 0.15.
func (x *exchange) serveREST(path string) {
	switch {
	case path == "/api" || strings.HasPrefix(path, "/api/"):
		x.api()
	case path == "/robots.txt":
		x.w.Header().Set("Content-Type", "text/plain")
		x.w.Write([]byte("User-agent: *\nDisallow: /\n"))
	case x.r.Method == http.MethodPost && path == "/auth/token":
		x.oauthToken()
	case x.r.Method == http.MethodGet && path == "/.well-known/oauth-authorization-server":
		x.document(withBase(x.publicURL(), sub(decoded(dataFile("oauth-0.15.json")))))
	case x.r.Method == http.MethodGet && path == "/.well-known/openid-configuration":
		x.document(withBase(x.publicURL(), sub(decoded(dataFile("openid-0.15.json")))))
	case x.s.edition.jmap && x.r.Method == http.MethodGet && path == "/.well-known/jmap":
		x.w.Header().Set("Cache-Control", "no-cache")
		x.redirect(http.StatusTemporaryRedirect, "/jmap/session")
	case x.s.edition.jmap && x.r.Method == http.MethodGet && path == "/jmap/session":
		x.session()
	default:
		x.scanned(path)
		x.fail(http.StatusNotFound)
	}
}

// api answers everything below /api. Whoever is not logged in learns nothing
// about which paths exist.
func (x *exchange) api() {
	who := x.authenticated()
	if who == nil {
		return
	}
	// The encoded path: a name may contain a slash.
	rest := strings.Trim(strings.TrimPrefix(x.r.URL.EscapedPath(), "/api"), "/")
	section, item, _ := strings.Cut(rest, "/")
	item, err := url.PathUnescape(item)
	if err != nil {
		x.fail(http.StatusNotFound)
		return
	}
	if x.writes(section) && x.s.faults.take(LoseRace, x.r.URL.Path, x.r.Method) != nil {
		x.fail(http.StatusInternalServerError)
		return
	}
	if x.writes(section) && x.s.faults.take(DropWrite, x.r.URL.Path, x.r.Method) != nil {
		x.data(nil)
		return
	}
	handlers := map[string]func(*identity, string){
		"principal": x.principals, "settings": x.settings, "reload": x.reload, "dkim": x.dkim, "dns": x.dns,
		"oauth": x.oauth, "account": x.selfService, "queue": x.queue, "logs": x.logs, "restart": x.restart, "update": x.updateApps,
	}
	handler, ok := handlers[section]
	if !ok {
		x.fail(http.StatusNotFound)
		return
	}
	handler(who, item)
}

func (x *exchange) writes(section string) bool {
	return x.r.Method != http.MethodGet && (section == "principal" || section == "settings" || section == "dkim")
}

// data answers {"data": v}.
func (x *exchange) data(v any) { x.json(http.StatusOK, plainJSON, object{"data": v}) }

// refuseWith answers a refusal, with status 200.
func (x *exchange) refuseWith(e restError) { x.json(http.StatusOK, plainJSON, e) }

func (x *exchange) badBody() { x.badRequest("JSON deserialization failed") }

func (x *exchange) badRequest(detail string) {
	x.json(http.StatusBadRequest, problemJSON, problem{Type: blank, Status: 400, Title: "Invalid parameters", Detail: detail})
}

// allowed answers 403 unless the caller holds the permission.
func (x *exchange) allowed(who *identity, permission string) bool {
	if !who.may(permission) {
		x.fail(http.StatusForbidden)
		return false
	}
	return true
}

const maxBody = 1 << 20

func (x *exchange) decode(v any) bool {
	if len(x.body) > maxBody || json.Unmarshal(x.body, v) != nil {
		x.badBody()
		return false
	}
	return true
}

func (x *exchange) restart(*identity, string) {
	x.refuseWith(restError{"error": "unsupported", "details": "Restart is not yet supported"})
}

func (x *exchange) updateApps(*identity, string) {
	if !x.s.edition.jmap {
		x.refuseWith(restError{"error": "unsupported", "details": "Requested action is unsupported"})
		return
	}
	x.data(nil)
}

// oauth answers POST /api/oauth, the only answer that names the version.
func (x *exchange) oauth(who *identity, _ string) {
	var request struct {
		Type string `json:"type"`
	}
	if !x.allowed(who, "authenticate-oauth") || !x.decode(&request) {
		return
	}
	code := randomText(40)
	x.s.store.tokens["code."+code] = who.name
	x.w.Header().Set("Cache-Control", "no-store, no-cache, must-revalidate")
	x.data(object{
		"code": code, "permissions": x.s.listed(who.may), "version": x.s.edition.reported, "isEnterprise": false,
	})
}

func (x *exchange) oauthToken() {
	form, err := url.ParseQuery(string(x.body))
	code := "code." + form.Get("code")
	if _, ok := x.s.store.tokens[code]; err != nil || !ok {
		x.json(http.StatusBadRequest, plainJSON, object{"error": "invalid_grant"})
		return
	}
	delete(x.s.store.tokens, code)
	token := randomText(40)
	x.s.store.tokens["token."+token] = "1"
	x.json(http.StatusOK, plainJSON, object{"access_token": token, "token_type": "bearer", "expires_in": 3600})
}

// selfService answers /api/account/auth, where an account changes its own
// secret. Of the fallback administrator that is a line of the configuration.
func (x *exchange) selfService(who *identity, item string) {
	switch {
	case item != "auth":
		x.fail(http.StatusNotFound)
	case x.r.Method == http.MethodGet:
		x.data(object{"otpEnabled": false, "appPasswords": []any{}})
	case x.r.Method == http.MethodPost:
		x.changeOwnSecret(who)
	default:
		x.fail(http.StatusNotFound)
	}
}

func (x *exchange) changeOwnSecret(who *identity) {
	var changes []struct {
		Type     string `json:"type"`
		Password string `json:"password"`
	}
	if !x.allowed(who, "manage-passwords") || !x.decode(&changes) {
		return
	}
	for _, change := range changes {
		if change.Type != "setPassword" {
			continue
		}
		if who.principal == nil {
			x.s.store.fileConfig["authentication.fallback-admin.secret"] = change.Password
			x.p.active.adminSecret = change.Password
			continue
		}
		who.principal.Secrets = []string{change.Password}
	}
	x.data(nil)
}

func (x *exchange) queue(_ *identity, item string) {
	switch {
	case x.r.Method == http.MethodGet && item == "status":
		x.data(!x.p.queuePaused)
	case x.r.Method == http.MethodPatch && (item == "status/stop" || item == "status/start"):
		was := !x.p.queuePaused
		x.p.queuePaused = item == "status/stop"
		x.data(was)
	default:
		x.fail(http.StatusNotFound)
	}
}

// logs shows the starts of the process, which is all the stand-in logs.
func (x *exchange) logs(_ *identity, _ string) {
	items := []object{}
	for i := len(x.s.store.starts) - 1; i >= 0; i-- {
		items = append(items, object{
			"timestamp": stamp(x.s.store.starts[i]), "level": "INFO", "event_id": "server.startup",
			"event": "Starting Stalwart Server v" + x.s.edition.reported, "details": `version = "` + x.s.edition.reported + `"`,
		})
	}
	x.data(object{"items": items, "total": len(items)})
}
