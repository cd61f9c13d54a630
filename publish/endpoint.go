package publish

import (
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/openova-io/smtp-mirror/zone"
)

// DNSEndpointResource is the kind in the words of the API.
var DNSEndpointResource = schema.GroupVersionResource{Group: "externaldns.k8s.io", Version: "v1alpha1", Resource: "dnsendpoints"} //nolint:gochecknoglobals // a constant

// The labels by which we know what is ours.
const (
	LabelManagedBy = "app.kubernetes.io/managed-by"
	LabelOwner     = "smtp-mirror.openova.io/owner"
)

// wish is an object that is to be there: the endpoint of one RRset. A DKIM selector is
// one of its own, and so is everything else.
type wish struct {
	set
	name     string
	endpoint map[string]any
}

// knows reports whether external-dns can publish a type.
func knows(kind string) bool {
	return slices.Contains([]string{"A", "AAAA", "CNAME", "MX", "SRV", "TXT"}, kind)
}

// wishes are the objects for what is wanted, and the sets that external-dns cannot
// publish. A reverse name is no part of the zone and left out.
func wishes(sets []set, owner string, unquoted bool) (all []wish, not []id) {
	for _, s := range sets {
		switch {
		case knows(s.kind):
			all = append(all, wish{s, objectName(s.id, owner), endpoint(s, unquoted)})
		case s.kind != "PTR":
			not = append(not, s.id)
		}
	}
	return all, not
}

// objectName is a name that people can read and that two sets never share.
func objectName(i id, owner string) string {
	sum := sha256.Sum256([]byte(owner + " " + i.kind + " " + i.name))
	readable := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		case r == '.' || r == '-':
			return '-'
		}
		return -1
	}, i.name)
	return "smtp-mirror-" + strings.ToLower(i.kind) + "-" + readable[:min(len(readable), 180)] + "-" + hex.EncodeToString(sum[:4])
}

func endpoint(s set, unquoted bool) map[string]any {
	targets := make([]any, 0, len(s.records))
	for _, r := range s.records {
		targets = append(targets, target(r, unquoted))
	}
	e := map[string]any{"dnsName": s.name, "recordType": s.kind, "targets": targets}
	if ttl := int64(s.records[0].TTL / time.Second); ttl > 0 {
		e["recordTTL"] = ttl
	}
	return e
}

// target is a value as external-dns hands it to a provider: the host of an SRV ends
// with a dot, that of an MX and of a CNAME must not. A TXT is quoted, in pieces of 255
// bytes, as external-dns quotes its own: PowerDNS and others take nothing else, and a
// semicolon would begin a comment.
func target(r zone.Record, unquoted bool) string {
	switch {
	case r.Type == "TXT" && !unquoted:
		return zone.Quote(r.Value)
	case r.Type == "SRV" && !strings.HasSuffix(r.Value, "."):
		return r.Value + "."
	}
	return r.Value
}

// object is what is applied.
func (w wish) object(namespace, owner string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": DNSEndpointResource.GroupVersion().String(), "kind": "DNSEndpoint",
		"metadata": map[string]any{"namespace": namespace, "name": w.name, "labels": map[string]any{LabelManagedBy: FieldManager, LabelOwner: labelValue(owner)}},
		"spec":     map[string]any{"endpoints": []any{w.endpoint}},
	}}
}

// equals reports whether an object has just our endpoint.
func (w wish) equals(o unstructured.Unstructured) bool {
	endpoints, _, err := unstructured.NestedSlice(o.Object, "spec", "endpoints")
	return err == nil && reflect.DeepEqual(endpoints, []any{w.endpoint})
}

// labelValue is the owner as a label may have it.
func labelValue(owner string) string {
	const longest = 63
	fits := len(owner) <= longest && strings.Trim(owner, "abcdefghijklmnopqrstuvwxyz0123456789-.") == "" && strings.Trim(owner, "-.") == owner
	if fits {
		return owner
	}
	sum := sha256.Sum256([]byte(owner))
	return hex.EncodeToString(sum[:16])
}

func isOurs(o metav1.Object, owner string) bool {
	return o.GetLabels()[LabelManagedBy] == FieldManager && o.GetLabels()[LabelOwner] == labelValue(owner)
}

// hasAddress reports whether an object of ours is that of an address.
func hasAddress(o unstructured.Unstructured) bool {
	endpoints, _, _ := unstructured.NestedSlice(o.Object, "spec", "endpoints") // one that somebody broke has none
	return slices.ContainsFunc(endpoints, func(e any) bool {
		fields, _ := e.(map[string]any)
		kind, _, _ := unstructured.NestedString(fields, "recordType")
		return id{kind: kind}.isAddress()
	})
}

// rival finds an object of somebody else that has the same name and type, and gives
// its values; external-dns would publish only one of the two.
func (w wish) rival(others []unstructured.Unstructured) (name string, values []string) {
	for _, o := range others {
		endpoints, _, _ := unstructured.NestedSlice(o.Object, "spec", "endpoints") // a wrong one publishes nothing
		for _, e := range endpoints {
			fields, ok := e.(map[string]any)
			dnsName, _, _ := unstructured.NestedString(fields, "dnsName")
			kind, _, _ := unstructured.NestedString(fields, "recordType")
			if !ok || kind != w.kind || !strings.EqualFold(strings.TrimSuffix(dnsName, "."), w.set.name) {
				continue
			}
			targets, _, _ := unstructured.NestedStringSlice(fields, "targets")
			for _, t := range targets {
				values = append(values, plainTarget(kind, t))
			}
			return o.GetName(), values
		}
	}
	return "", nil
}

// plainTarget is a target as a record has its value.
func plainTarget(kind, target string) string {
	if kind == "TXT" {
		if plain, err := zone.Unquote(target); err == nil && strings.HasPrefix(target, `"`) {
			return plain
		}
		return target
	}
	return strings.TrimSuffix(target, ".")
}
