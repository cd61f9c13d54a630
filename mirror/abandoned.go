package mirror

import (
	"encoding/json"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// abandoned names what we once applied and do not want any more: the next apply
// removes it, because nobody else owns it (server-side apply).
func abandoned(observed *corev1.Secret, d Desired) []string {
	var names []string
	for _, entry := range observed.ManagedFields {
		if entry.Manager != FieldManager || entry.Operation != metav1.ManagedFieldsOperationApply || entry.Subresource != "" || entry.FieldsV1 == nil {
			continue
		}
		var owned struct {
			Data     map[string]any `json:"f:data"`
			Metadata struct {
				Labels      map[string]any `json:"f:labels"`
				Annotations map[string]any `json:"f:annotations"`
			} `json:"f:metadata"`
		}
		if json.Unmarshal(entry.FieldsV1.GetRawBytes(), &owned) != nil {
			continue
		}
		names = append(names, unwanted("", owned.Data, func(key string) bool { return d.Data[key] != nil })...)
		names = append(names, unwanted("label ", owned.Metadata.Labels, func(key string) bool { _, ok := d.Labels[key]; return ok })...)
		names = append(names, unwanted("annotation ", owned.Metadata.Annotations, func(key string) bool {
			_, ok := d.Annotations[key]
			return ok || key == AnnotationGeneration
		})...)
	}
	return names
}

func unwanted(kind string, owned map[string]any, wanted func(key string) bool) []string {
	var names []string
	for field := range owned {
		if key, ok := strings.CutPrefix(field, "f:"); ok && !wanted(key) {
			names = append(names, kind+key)
		}
	}
	return names
}
