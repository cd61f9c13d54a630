package stalwarttest

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// neutral replaces what depends on time and chance by a word for its kind.
func neutral(key string, v any) any {
	switch v := v.(type) {
	case object:
		out := object{}
		for name, e := range v {
			out[name] = neutral(name, e)
		}
		return neutralKeys(out)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = neutral(key, e)
		}
		return out
	case string:
		return neutralText(key, v)
	}
	return v
}

func neutralKeys(o object) object {
	for _, name := range slices.Collect(maps.Keys(o)) {
		if strings.HasPrefix(name, "127.0.0.1:") {
			o["127.0.0.1:port"] = o[name]
			delete(o, name)
		}
	}
	return o
}

func neutralText(key, s string) any {
	if _, err := time.Parse(time.RFC3339, s); err == nil && key != "minDateTime" && key != "maxDateTime" {
		return "a date"
	}
	switch key {
	case "sessionState", "state":
		if s != "0" {
			return "a boot id"
		}
	case "publicKey", "data":
		if len(s) > 40 {
			return "a key of " + strconv.Itoa(len(s))
		}
	case "secret":
		prefix := regexp.MustCompile(`^(app_|API_)?`).FindString(s)
		return fmt.Sprintf("%s and %d more", prefix, len(s)-len(prefix))
	case "applicationServerKey":
		return fmt.Sprint("a key of ", len(s))
	case "detail":
		var echoed any
		if json.Unmarshal([]byte(s), &echoed) == nil {
			return echoed // the request, repeated
		}
	case "dnsZoneFile":
		s = longRSA.ReplaceAllString(s, `(split)`)
	case "code":
		return "a code"
	}
	if strings.HasPrefix(s, "-----BEGIN") && strings.Contains(s, "PRIVATE KEY") {
		return s[:strings.IndexByte(s, '\n')]
	}
	s = volatileTLSA.ReplaceAllString(s, "${1}sum")
	s = volatileKey.ReplaceAllString(s, "${1}random")
	s = volatileDate.ReplaceAllString(s, "date")
	s = volatileMonth.ReplaceAllString(s, "month${1}")
	s = volatilePort.ReplaceAllString(s, "${1}:port")
	s = volatileSRV.ReplaceAllString(s, "0 1 port ")
	return volatileLookup.ReplaceAllString(s, "${1}")
}

// differ describes the first difference of two values.
func differ(at string, wanted, got any) string {
	w, isObject := wanted.(object)
	g, both := got.(object)
	if isObject && both {
		for _, name := range slices.Sorted(maps.Keys(w)) {
			if _, ok := g[name]; !ok {
				return fmt.Sprintf("%s/%s is missing", at, name)
			}
			if d := differ(at+"/"+name, w[name], g[name]); d != "" {
				return d
			}
		}
		for _, name := range slices.Sorted(maps.Keys(g)) {
			if _, ok := w[name]; !ok {
				return fmt.Sprintf("%s/%s is too much", at, name)
			}
		}
		return ""
	}
	return differList(at, wanted, got)
}

func differList(at string, wanted, got any) string {
	w, isList := wanted.([]any)
	g, both := got.([]any)
	if isList && both && len(w) == len(g) {
		if isSet(at) {
			bySortedText(w)
			bySortedText(g)
		}
		for i := range w {
			if d := differ(fmt.Sprintf("%s/%d", at, i), w[i], g[i]); d != "" {
				return d
			}
		}
		return ""
	}
	if equal(wanted, got) {
		return ""
	}
	a, _ := json.Marshal(wanted)
	b, _ := json.Marshal(got)
	return fmt.Sprintf("%s: wanted %s, got %s", at, shortened(a), shortened(b))
}

// isSet tells which lists have no order.
func isSet(at string) bool {
	for _, name := range []string{"/linkedObjects", "/data/permissions", "/enabledPermissions", "/disabledPermissions", "/roles"} {
		if strings.HasSuffix(at, name) {
			return true
		}
	}
	return false
}

func bySortedText(list []any) {
	slices.SortFunc(list, func(a, b any) int {
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		return strings.Compare(string(x), string(y))
	})
}
