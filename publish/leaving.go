package publish

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/openova-io/smtp-mirror/zone"
)

// leaving remembers since when the records of keys are not wanted any more. Mail that was
// signed with a key may be on its way for as long as it stays; one whose record was emptied
// before has had that time. Nobody remembers it over a start: then it stays for longer.
type leaving map[string]time.Time

// early reports whether the record of a key must stay for now.
func (l leaving) early(name string, stay time.Duration, now time.Time) bool {
	if stay <= 0 {
		return false
	}
	if _, known := l[name]; !known {
		l[name] = now
	}
	return now.Sub(l[name]) < stay
}

// only forgets what is wanted again, or is gone.
func (l leaving) only(names []string) {
	for name := range l {
		if !slices.Contains(names, name) {
			delete(l, name)
		}
	}
}

// verifies reports whether a TXT is a key with which a signature can be verified.
func verifies(text string) bool {
	key, err := zone.ParseDKIM(text)
	return err == nil && !key.Revoked()
}

// pieces puts the quoted pieces of a key record together; there is no quote in it.
var pieces = strings.NewReplacer(`" "`, "", `"`, "") //nolint:gochecknoglobals // a constant

// holdsKey reports whether an object publishes such a key.
func holdsKey(o unstructured.Unstructured) bool {
	endpoints, _, _ := unstructured.NestedSlice(o.Object, "spec", "endpoints") // one that somebody broke publishes nothing
	return slices.ContainsFunc(endpoints, func(e any) bool {
		fields, _ := e.(map[string]any)
		name, _, _ := unstructured.NestedString(fields, "dnsName")
		kind, _, _ := unstructured.NestedString(fields, "recordType")
		targets, _, _ := unstructured.NestedStringSlice(fields, "targets")
		return id{name, kind}.isKey() && slices.ContainsFunc(targets, func(t string) bool { return verifies(pieces.Replace(t)) })
	})
}

// remember forgets what is wanted again.
func (r *endpointing) remember(gone []unstructured.Unstructured) {
	var names []string
	for _, o := range gone {
		names = append(names, o.GetName())
	}
	if r.leaving == nil {
		r.DNSEndpoints.leaving = leaving{}
	}
	r.leaving.only(names)
}
