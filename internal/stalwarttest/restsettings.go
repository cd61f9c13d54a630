package stalwarttest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
)

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
