package dkimwatch

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/openova-io/smtp-mirror/dnsrecords"
)

// store writes what was edited, over the version that was observed. Where somebody keeps
// the documents by server-side apply (Helm 4), they are written in his name, and stay his:
// what we owned would be a conflict for his next apply, and his upgrade would fail.
func (r *Record) store(ctx context.Context, observed, edited *corev1.ConfigMap) (*corev1.ConfigMap, error) {
	manager, owned := applied(observed)
	if manager == "" {
		return r.ConfigMaps.Update(ctx, edited, metav1.UpdateOptions{FieldManager: FieldManager})
	}
	for _, key := range []string{dnsrecords.RecordsKey, dnsrecords.ReadmeKey} {
		owned.Data[key] = edited.Data[key]
	}
	return r.ConfigMaps.Apply(ctx, owned.WithResourceVersion(observed.ResourceVersion), metav1.ApplyOptions{FieldManager: manager, Force: true})
}

// fields is what an entry of managedFields says that its manager owns (FieldsV1).
type fields map[string]json.RawMessage

// below gives the names under a field.
func (f fields) below(name string) (under fields) {
	_ = json.Unmarshal(f["f:"+name], &under) // what is of another shape owns nothing that we know
	return under
}

// only reports whether nothing but these fields is owned.
func (f fields) only(names ...string) bool {
	for name := range f {
		if name != "." && !slices.Contains(names, strings.TrimPrefix(name, "f:")) {
			return false
		}
	}
	return true
}

// of gives the values of an owned map.
func (f fields) of(name string, values map[string]string) map[string]string {
	out := map[string]string{}
	for key := range f.below(name) {
		if value, there := values[strings.TrimPrefix(key, "f:")]; there {
			out[strings.TrimPrefix(key, "f:")] = value
		}
	}
	return out
}

// applied is who keeps both documents by server-side apply, and all that he owns of the
// ConfigMap: an apply gives up what it does not name. "" where nobody does, or where he owns
// what we do not know.
func applied(c *corev1.ConfigMap) (manager string, owned *corev1ac.ConfigMapApplyConfiguration) {
	for _, e := range c.ManagedFields {
		var all fields
		if e.Operation != metav1.ManagedFieldsOperationApply || e.Subresource != "" || e.FieldsV1 == nil || json.Unmarshal(e.FieldsV1.Raw, &all) != nil {
			continue
		}
		data, meta := all.of("data", c.Data), all.below("metadata")
		_, records := data[dnsrecords.RecordsKey]
		_, readme := data[dnsrecords.ReadmeKey]
		if records && readme && all.only("data", "metadata") && meta.only("labels", "annotations") {
			return e.Manager, corev1ac.ConfigMap(c.Name, c.Namespace).WithLabels(meta.of("labels", c.Labels)).WithAnnotations(meta.of("annotations", c.Annotations)).WithData(data)
		}
	}
	return "", nil
}
