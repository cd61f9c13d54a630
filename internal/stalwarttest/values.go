package stalwarttest

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// object is a JSON object as it travels.
type object = map[string]any

// clone copies a JSON value to the ground, so that what a client was shown and
// what is stored never share a map.
func clone(v any) any {
	switch v := v.(type) {
	case object:
		out := make(object, len(v))
		for k, e := range v {
			out[k] = clone(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = clone(e)
		}
		return out
	}
	return v
}

func cloneObject(o object) object { return clone(o).(object) }

func equal(a, b any) bool { return reflect.DeepEqual(a, b) }

func str(v any) string {
	s, _ := v.(string)
	return s
}

func sub(v any) object {
	o, _ := v.(object)
	return o
}

func num(v any) float64 {
	n, _ := v.(float64)
	return n
}

func yes(v any) bool {
	b, _ := v.(bool)
	return b
}

// members returns the keys of a set, sorted.
func members(v any) []string { return slices.Sorted(maps.Keys(sub(v))) }

// entries returns the values of an index map in the order of their positions.
func entries(v any) []object {
	list := sub(v)
	keys := make([]int, 0, len(list))
	for k := range list {
		if n, err := strconv.Atoi(k); err == nil {
			keys = append(keys, n)
		}
	}
	slices.Sort(keys)
	out := make([]object, 0, len(keys))
	for _, k := range keys {
		out = append(out, sub(list[strconv.Itoa(k)]))
	}
	return out
}

// indexMap is the reverse of entries: positions are handed out anew.
func indexMap(items []object) object {
	out := make(object, len(items))
	for i, item := range items {
		out[strconv.Itoa(i)] = item
	}
	return out
}

// decoded parses JSON whose syntax the package itself vouches for.
func decoded(text []byte) any {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		panic("stalwarttest: embedded data: " + err.Error())
	}
	return v
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func parseStamp(v any) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, str(v))
	return t, err == nil
}

// withEntry sets one entry of a map, as httpHeaders is one.
func withEntry(old object, key string, v any) object {
	out := cloneObject(old)
	out[key] = v
	return out
}
