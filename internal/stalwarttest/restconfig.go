package stalwarttest

import (
	"maps"
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
	s.throttleDefaults()
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
	if !s.opts.KeepThrottle {
		file["queue.limiter.inbound.ip.enable"], file["queue.limiter.inbound.sender.enable"] = "false", "false"
	}
}

// throttleDefaults are as 0.15.5 shows them after its first start.
func (s *Server) throttleDefaults() {
	for key, value := range map[string]string{
		"ip.key": "remote_ip", "ip.rate": "5/1s", "ip.enable": "true",
		"sender.key.0": "sender_domain", "sender.key.1": "rcpt", "sender.rate": "25/1h", "sender.enable": "true",
	} {
		s.setDefault("queue.limiter.inbound."+key, value)
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
