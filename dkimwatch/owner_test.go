package dkimwatch

import (
	"maps"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestInWhoseName: that of a server-side apply which keeps both documents, with all that it
// owns; else in our own.
func TestInWhoseName(t *testing.T) {
	const both = `{"f:data":{".":{},"f:records.json":{},"f:README.md":{}},"f:metadata":{"f:labels":{"f:a":{},"f:gone":{}},"f:annotations":{".":{},"f:keep":{}}}}`
	entry := func(manager, text string, operation metav1.ManagedFieldsOperationType) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, Operation: operation, FieldsV1: &metav1.FieldsV1{Raw: []byte(text)}}
	}
	for _, row := range []struct {
		name    string
		entries []metav1.ManagedFieldsEntry
		want    string
	}{
		{"nobody", nil, ""},
		{"Helm 4", []metav1.ManagedFieldsEntry{entry("other", `{"f:data":{"f:theirs":{}}}`, "Apply"), entry("helm", both, "Apply")}, "helm"},
		{"an update", []metav1.ManagedFieldsEntry{entry("helm", both, "Update")}, ""},
		{"one document only", []metav1.ManagedFieldsEntry{entry("helm", `{"f:data":{"f:records.json":{}}}`, "Apply")}, ""},
		{"it owns what we do not know", []metav1.ManagedFieldsEntry{entry("helm", `{"f:data":{"f:records.json":{},"f:README.md":{}},"f:immutable":{}}`, "Apply")}, ""},
		{"and of the metadata", []metav1.ManagedFieldsEntry{entry("helm", `{"f:data":{"f:records.json":{},"f:README.md":{}},"f:metadata":{"f:finalizers":{}}}`, "Apply")}, ""},
		{"another shape", []metav1.ManagedFieldsEntry{entry("helm", `{"f:data":[]}`, "Apply"), entry("helm", `[`, "Apply"), {Manager: "helm", Operation: "Apply"}}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "n", Namespace: "s", Labels: map[string]string{"a": "1", "b": "theirs"}, Annotations: map[string]string{"keep": "2"}, ManagedFields: row.entries},
				Data: map[string]string{"records.json": "r", "README.md": "m", "theirs": "t"}}
			manager, owned := applied(c)
			if manager != row.want {
				t.Fatalf("%q", manager)
			}
			if manager == "" {
				return
			}
			if !maps.Equal(owned.Data, map[string]string{"records.json": "r", "README.md": "m"}) || !maps.Equal(owned.Labels, map[string]string{"a": "1"}) || !maps.Equal(owned.Annotations, map[string]string{"keep": "2"}) {
				t.Errorf("%+v %v %v", owned.Data, owned.Labels, owned.Annotations)
			}
		})
	}
}
