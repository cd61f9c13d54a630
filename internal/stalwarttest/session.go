package stalwarttest

import (
	"net/http"
	"strings"
)

// session answers GET /jmap/session: for nobody an empty one with state "0",
// for somebody one whose state is the boot id.
func (x *exchange) session() {
	if x.r.Header.Get("Authorization") == "" {
		x.json(http.StatusOK, plainJSON, x.sessionOf(nil))
		return
	}
	if who := x.authenticated(); who != nil {
		x.json(http.StatusOK, plainJSON, x.sessionOf(who))
	}
}

func (x *exchange) sessionOf(who *identity) object {
	recorded := sub(decoded(dataFile("session-" + x.s.edition.series() + ".json")))
	base, ws := x.publicURL(), "ws"+strings.TrimPrefix(x.publicURL(), "http")
	capabilities := sub(recorded["capabilities"])
	sub(capabilities["urn:ietf:params:jmap:websocket"])["url"] = ws + "/jmap/ws"
	if push := sub(capabilities["urn:ietf:params:jmap:webpush-vapid"]); push != nil {
		push["applicationServerKey"] = x.s.store.pushKey
	}
	if x.p.mode != "" {
		delete(capabilities, "urn:ietf:params:jmap:webpush-vapid")
		sub(capabilities["urn:ietf:params:jmap:websocket"])["url"] = "ws/jmap/ws"
	}
	out := object{
		"capabilities": capabilities, "accounts": object{}, "primaryAccounts": object{}, "username": "",
		"apiUrl":         base + "/jmap/",
		"downloadUrl":    base + "/jmap/download/{accountId}/{blobId}/{name}?accept={type}",
		"uploadUrl":      base + "/jmap/upload/{accountId}/",
		"eventSourceUrl": base + "/jmap/eventsource/?types={types}&closeafter={closeafter}&ping={ping}",
		"state":          "0",
	}
	if who == nil {
		return out
	}
	own := x.accountCapabilities(who, sub(recorded["accountCapabilities"]))
	primary := object{}
	for name := range own {
		primary[name] = who.id
	}
	out["accounts"] = object{who.id: object{
		"name": who.name, "isPersonal": true, "isReadOnly": false, "accountCapabilities": own,
	}}
	out["primaryAccounts"], out["username"], out["state"] = primary, who.name, x.p.bootID
	return out
}

// accountCapabilities leaves out what the account's permissions do not reach.
func (x *exchange) accountCapabilities(who *identity, all object) object {
	if principals := sub(all["urn:ietf:params:jmap:principals"]); principals != nil {
		principals["currentUserPrincipalId"] = who.id
	}
	needs := map[string]string{
		"mail": "jmapEmailGet", "submission": "jmapEmailSubmissionGet", "vacationresponse": "jmapVacationResponseGet",
		"contacts": "jmapContactCardGet", "contacts:parse": "jmapContactCardParse", "calendars": "jmapCalendarGet",
		"calendars:parse": "jmapCalendarEventParse", "sieve": "jmapSieveScriptGet", "blob": "jmapBlobGet",
		"quota": "jmapQuotaGet", "filenode": "jmapFileNodeGet", "mail:share": "jmapShareNotificationGet", "emailpush": "jmapEmailGet",
	}
	out := object{}
	for name, v := range all {
		need := needs[strings.TrimPrefix(name, "urn:ietf:params:jmap:")]
		if need == "" || who.may(x.s.permissionName(need)) {
			out[name] = v
		}
	}
	return out
}

// publicURL is what the server believes to be reachable under; of little use to
// a client inside a cluster.
func (x *exchange) publicURL() string {
	switch {
	case x.p.mode != "":
		return ""
	case x.s.edition.rest:
		_, port, _ := strings.Cut(x.s.httpAddr, ":")
		return "http://" + x.s.hostname() + ":" + port
	}
	return "https://" + x.s.hostname()
}

// account answers GET /api/account, the caller's view of himself.
func (x *exchange) account() {
	who := x.authenticated()
	if who == nil {
		return
	}
	locale := "POSIX"
	if o, ok := x.s.store.get("Account", who.id); ok {
		locale = str(o["locale"])
	}
	if x.p.mode == "bootstrap" {
		x.json(http.StatusOK, plainJSON, object{
			"permissions": []string{"sysBootstrapGet", "sysBootstrapUpdate"}, "edition": "oss", "locale": locale,
		})
		return
	}
	shown := x.s.listed(func(p string) bool { return who.may(p) && !hiddenPermission(p, who.id == recoveryID) })
	x.json(http.StatusOK, plainJSON, object{"permissions": shown, "edition": "oss", "locale": locale})
}

// hiddenPermission tells which permissions the list leaves out although they
// are held: of operations that do not exist, and for the recovery administrator
// those of an account object he does not have.
func hiddenPermission(p string, recovery bool) bool {
	switch {
	case hasPrefix(p, "sysBootstrap", "jmapPrincipalQuery", "jmapPrincipalGet", "jmapPrincipalChanges"):
		return true
	case hasPrefix(p, "sysDmarc", "sysTls", "sysArf") && strings.Contains(p, "Report") &&
		(strings.HasSuffix(p, "Update") || strings.HasSuffix(p, "Create")):
		return !strings.HasPrefix(p, "sysDmarcReportSettings") && !strings.HasPrefix(p, "sysTlsReportSettings")
	case p == "sysQueuedMessageCreate":
		return true
	case hasPrefix(p, "sysLog", "sysClusterNode") && !strings.HasSuffix(p, "Get") && !strings.HasSuffix(p, "Query"):
		return true
	}
	return recovery && hasPrefix(p, "sysAccountPassword", "sysAccountSettings", "sysApiKey", "sysAppPassword")
}

// discovery answers the OAuth documents that exist without a login.
func (x *exchange) discovery(path string) bool {
	base := x.publicURL()
	switch {
	case strings.HasPrefix(path, "/api/discover/"):
		x.document(sub(decoded(dataFile("discover-" + x.s.edition.series() + ".json"))))
	case path == "/.well-known/oauth-protected-resource" && !x.s.edition.nullDrops:
		x.document(object{
			"resource": base, "authorization_servers": []string{base}, "bearer_methods_supported": []string{"header"},
			"scopes_supported": []string{
				"openid", "offline_access", "urn:ietf:params:oauth:scope:mail",
				"urn:ietf:params:oauth:scope:contacts", "urn:ietf:params:oauth:scope:calendars",
			},
		})
	case path == "/.well-known/oauth-authorization-server":
		x.document(withBase(base, sub(decoded(dataFile("oauth-"+x.s.edition.series()+".json")))))
	default:
		return false
	}
	return true
}

func (x *exchange) document(body object) {
	x.w.Header().Set("Access-Control-Allow-Origin", "*")
	x.w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Accept, X-Requested-With")
	x.w.Header().Set("Access-Control-Allow-Methods", "POST, GET, PATCH, PUT, DELETE, HEAD, OPTIONS")
	x.json(http.StatusOK, plainJSON, body)
}

// withBase puts the address of the server before every path of a document.
func withBase(base string, document object) object {
	for name, v := range document {
		if text := str(v); strings.HasPrefix(text, "/") || name == "issuer" {
			document[name] = base + text
		}
	}
	return document
}

// eventSource exists, but knows no type of the registry. The stand-in opens no
// stream: nothing of interest ever comes through it.
func (x *exchange) eventSource() {
	if who := x.authenticated(); who == nil {
		return
	}
	if x.r.URL.Query().Get("types") != "*" {
		x.fail(http.StatusBadRequest)
		return
	}
	x.w.Header().Set("Content-Type", "text/event-stream")
}
