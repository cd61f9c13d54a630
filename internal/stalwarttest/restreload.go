package stalwarttest

import (
	"fmt"
	"net/http"
	"strings"
)

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
		if fault := x.s.loadMounted(x.p); fault != "" {
			faults = certificateFault(fault)
		}
	case len(faults) == 0 && x.r.URL.Query().Get("dry-run") == "":
		x.s.loadMounted(x.p)
		x.s.loadSettings(x.p)
		x.s.loadBlocked(x.p)
		x.s.loadLookups(x.p, false)
		x.p.cache.rcpt = map[string]rcptEntry{}
	}
	x.data(object{"warnings": object{}, "errors": faults})
}

func certificateFault(text string) object {
	return object{"certificate.default": object{"type": "build", "error": text}}
}

func (s *Server) buildErrors(x *exchange) object {
	out := object{}
	if s.mounted != nil {
		if _, fault := pairOf(s.mounted[0], s.mounted[1]); fault != "" {
			out = certificateFault(fault)
		}
	}
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
