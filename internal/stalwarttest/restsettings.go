package stalwarttest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// isLocalKey tells whether a setting belongs into config.toml.
func isLocalKey(key string) bool {
	if hasPrefix(key, "server.blocked-ip.", "server.allowed-ip.") {
		return false
	}
	return hasPrefix(key, "store.", "directory.", "tracer.", "server.", "certificate.", "config.local-keys.",
		"authentication.fallback-admin.", "cluster.", "storage.data", "storage.blob", "storage.lookup",
		"storage.fts", "storage.directory", "enterprise.license-key")
}

// setting returns a value as clients read it: the file wins over the database.
func (s *Server) setting(key string) (string, bool) {
	if v, ok := s.store.fileConfig[key]; ok {
		return v, true
	}
	v, ok := s.store.settings[key]
	return v, ok
}

func (s *Server) settingOr(key, fallback string) string {
	if v, ok := s.setting(key); ok {
		return v
	}
	return fallback
}

func (s *Server) setDefault(key, value string) {
	if _, ok := s.store.settings[key]; !ok {
		s.store.settings[key] = value
	}
}

// settingNames lists what follows a prefix in the names of the database keys.
func (s *Server) settingNames(prefix string) []string {
	var out []string
	for key := range s.store.settings {
		if name, found := strings.CutPrefix(key, prefix); found {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// allSettings merges file and database.
func (s *Server) allSettings(prefix string) map[string]string {
	out := map[string]string{}
	for _, source := range []map[string]string{s.store.settings, s.store.fileConfig} {
		for key, value := range source {
			if name, found := strings.CutPrefix(key, prefix); found {
				out[name] = value
			}
		}
	}
	return out
}

// bootREST writes config.toml, once, and what each start writes.
func (s *Server) bootREST() {
	s.store.starts = append(s.store.starts, s.now())
	s.setDefault("report.analysis.addresses", "postmaster@*")
	s.setDefault("queue.limiter.inbound.ip.rate", "5/1s")
	file := s.store.fileConfig
	file["authentication.fallback-admin.user"] = s.opts.AdminUser
	if _, ok := file["authentication.fallback-admin.secret"]; !ok || s.adminPassword != s.opts.AdminPassword {
		file["authentication.fallback-admin.secret"] = s.adminPassword
	}
	if _, ok := file["server.hostname"]; ok {
		return
	}
	file["server.hostname"] = s.opts.Hostname
	for _, role := range []string{"data", "blob", "fts", "lookup"} {
		file["storage."+role] = "db"
	}
	file["storage.directory"] = "internal"
	file["tracer.log.level"] = "info"
	if !s.opts.KeepPyzor {
		file["spam-filter.pyzor.enable"] = "false"
	}
}

// settingsREST is what a reload takes into use.
func (s *Server) settingsREST() activeSettings {
	a := activeSettings{
		authBanRate:   rateCount(s.settingOr("server.auto-ban.auth.rate", "100/1d"), 100),
		scanPaths:     []string{"*.php*", "*.cgi*", "*.asp*", "*/wp-*", "*/php*", "*/cgi-bin*", "*xmlrpc*", "*../*", "*/..*", "*joomla*", "*wordpress*", "*drupal*"},
		allowed:       s.settingNames("server.allowed-ip."),
		anonymousRate: rateCount(s.settingOr("http.rate-limit.anonymous", "100/1m"), 100),
		accountRate:   rateCount(s.settingOr("http.rate-limit.account", "1000/1m"), 1000),
		mustMatch:     s.rules("session.auth.must-match-sender", "true"),
		maxFailures:   atoi(s.settingOr("session.auth.errors.total", "3"), 3),
		hostname:      s.settingOr("server.hostname", s.opts.Hostname),
		throttle:      s.opts.KeepThrottle,
		signatures:    s.allSettings("signature."),
		adminUser:     s.settingOr("authentication.fallback-admin.user", ""),
		adminSecret:   s.settingOr("authentication.fallback-admin.secret", ""),
	}
	if s.opts.KeepWait {
		a.waitOnFail = 5 * time.Second
	}
	return a
}

// rateCount reads the count of "100/1d".
func rateCount(rate string, fallback int) int {
	count, _, _ := strings.Cut(rate, "/")
	return atoi(count, fallback)
}

// rules turns the numbered keys of an expression into the form of 0.16.
func (s *Server) rules(key, fallback string) object {
	out := object{"match": object{}, "else": s.settingOr(key, fallback)}
	parts := s.allSettings(key + ".")
	var rules []object
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		number, part, _ := strings.Cut(name, ".")
		switch part {
		case "if":
			rules = append(rules, object{"if": parts[name], "then": parts[number+".then"]})
		case "else":
			out["else"] = parts[name]
		}
	}
	out["match"] = indexMap(rules)
	return out
}

func (x *exchange) settings(who *identity, item string) {
	get := x.r.Method == http.MethodGet
	switch {
	case get && (item == "list" || item == "keys" || item == "group"):
		if x.allowed(who, "settings-list") {
			map[string]func(){"list": x.settingsList, "keys": x.settingsKeys, "group": x.settingsGroup}[item]()
		}
	case x.r.Method == http.MethodPost && item == "":
		if x.allowed(who, "settings-update") {
			x.writeSettings()
		}
	case x.r.Method == http.MethodDelete && item != "":
		if x.allowed(who, "settings-delete") {
			x.s.removeSetting(item)
			x.data(nil)
		}
	default:
		x.fail(http.StatusNotFound)
	}
}

func (s *Server) removeSetting(key string) {
	delete(s.store.settings, key)
	if isLocalKey(key) {
		delete(s.store.fileConfig, key)
	}
}

func dotted(prefix string) string {
	if prefix != "" && !strings.HasSuffix(prefix, ".") {
		return prefix + "."
	}
	return prefix
}

func (x *exchange) settingsList() {
	query := x.r.URL.Query()
	found := x.s.allSettings(dotted(query.Get("prefix")))
	items := object{}
	for _, name := range pageOf(slices.Sorted(maps.Keys(found)), query.Get("page"), query.Get("limit")) {
		items[name] = found[name]
	}
	x.data(object{"total": len(found), "items": items})
}

func (x *exchange) settingsKeys() {
	query := x.r.URL.Query()
	items := object{}
	for _, key := range strings.Split(query.Get("keys"), ",") {
		if v, ok := x.s.setting(key); ok {
			items[key] = v
		}
	}
	for _, prefix := range strings.Split(query.Get("prefixes"), ",") {
		if prefix == "" {
			continue
		}
		for name, v := range x.s.allSettings(dotted(prefix)) {
			items[dotted(prefix)+name] = v
		}
	}
	x.data(items)
}

// settingsGroup lists the objects below a prefix; the suffix is the field that
// every one of them has.
func (x *exchange) settingsGroup() {
	query := x.r.URL.Query()
	found := x.s.allSettings(dotted(query.Get("prefix")))
	items := []object{}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		id, isGroup := strings.CutSuffix(name, "."+query.Get("suffix"))
		if !isGroup {
			continue
		}
		item := object{"_id": id}
		for key, value := range found {
			field, below := strings.CutPrefix(key, id+".")
			if below && (query.Get("field") == "" || query.Get("field") == field) {
				item[field] = value
			}
		}
		items = append(items, item)
	}
	x.data(object{"total": len(items), "items": items})
}

// settingsChange is one entry of POST /api/settings.
type settingsChange struct {
	Type        string      `json:"type"`
	Prefix      *string     `json:"prefix"`
	Values      [][2]string `json:"values"`
	AssertEmpty *bool       `json:"assert_empty"`
	Keys        []string    `json:"keys"`
}

func (c settingsChange) valid() bool {
	switch c.Type {
	case "insert":
		return c.AssertEmpty != nil && c.Values != nil
	case "delete":
		return c.Keys != nil
	case "clear":
		return c.Prefix != nil
	}
	return false
}

// writeSettings carries the changes out one by one: what comes before a failure
// stays.
func (x *exchange) writeSettings() {
	var changes []settingsChange
	if json.Unmarshal(x.body, &changes) != nil || slices.ContainsFunc(changes, func(c settingsChange) bool { return !c.valid() }) {
		x.badBody()
		return
	}
	for _, change := range changes {
		switch change.Type {
		case "insert":
			if !x.insertSettings(change) {
				return
			}
		case "delete":
			for _, key := range change.Keys {
				x.s.removeSetting(key)
			}
		case "clear":
			for name := range x.s.allSettings(*change.Prefix) {
				x.s.removeSetting(*change.Prefix + name)
			}
		}
	}
	x.data(nil)
}

func (x *exchange) insertSettings(change settingsChange) bool {
	prefix := ""
	if change.Prefix != nil {
		prefix = dotted(*change.Prefix)
	}
	if *change.AssertEmpty && !x.isEmpty(prefix, change.Values) {
		x.refuseWith(restError{"error": "assertFailed"})
		return false
	}
	for _, pair := range change.Values {
		key := prefix + pair[0]
		if !isLocalKey(key) {
			x.s.store.settings[key] = pair[1]
			continue
		}
		x.s.store.fileConfig[key] = pair[1]
		if x.s.faults.take(UnwritableFile, x.r.URL.Path, x.r.Method) != nil {
			x.fail(http.StatusInternalServerError) // and yet it is changed in memory
			return false
		}
	}
	return true
}

func (x *exchange) isEmpty(prefix string, values [][2]string) bool {
	if prefix != "" {
		return len(x.s.allSettings(prefix)) == 0
	}
	for _, pair := range values {
		if _, ok := x.s.setting(pair[0]); ok {
			return false
		}
	}
	return true
}

// reload answers GET /api/reload: all or nothing, and a failure is a 200.
func (x *exchange) reload(who *identity, item string) {
	if x.r.Method != http.MethodGet {
		x.fail(http.StatusNotFound)
		return
	}
	if !x.allowed(who, "settings-reload") {
		return
	}
	faults := x.s.buildErrors(x)
	switch {
	case item == "server.blocked-ip":
		x.s.loadBlocked(x.p)
		faults = object{}
	case item == "lookup":
		x.s.loadLookups(x.p, true)
		faults = object{}
	case item == "certificate":
		faults = object{}
	case len(faults) == 0 && x.r.URL.Query().Get("dry-run") == "":
		x.s.loadSettings(x.p)
		x.s.loadBlocked(x.p)
		x.s.loadLookups(x.p, false)
		x.p.cache.rcpt = map[string]rcptEntry{}
	}
	x.data(object{"warnings": object{}, "errors": faults})
}

func (s *Server) buildErrors(x *exchange) object {
	out := object{}
	if s.settingOr("spam-filter.pyzor.enable", "true") == "true" || s.faults.take(ReloadFails, x.r.URL.Path, x.r.Method) != nil {
		out["spam-filter.pyzor.host"] = object{
			"type": "build", "error": "Invalid address: failed to lookup address information: Name or service not known",
		}
	}
	rules := s.rules("session.auth.must-match-sender", "true")
	text := str(rules["else"])
	for _, rule := range entries(rules["match"]) {
		text += " " + str(rule["if"]) + " " + str(rule["then"])
	}
	if bad := unknownName(text); bad != "" {
		out["session.auth.must-match-sender"] = object{
			"type": "parse", "error": fmt.Sprintf("Invalid variable or constant %q", bad),
		}
	}
	return out
}

// loadLookups reads the lists below "lookup.". A plain reload adds lists it has
// not seen; only refresh re-reads a known one, and one that has become empty is
// never dropped.
func (s *Server) loadLookups(p *process, refresh bool) {
	lists := map[string]map[string]bool{}
	for _, name := range s.settingNames("lookup.") {
		list, key, _ := strings.Cut(name, ".")
		if lists[list] == nil {
			lists[list] = map[string]bool{}
		}
		lists[list][key] = true
	}
	for list, keys := range lists {
		if _, known := p.lookups[list]; !known || refresh {
			p.lookups[list] = keys
		}
	}
}
