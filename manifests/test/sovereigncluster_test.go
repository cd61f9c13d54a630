package charts_test

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// lookups lets Helm's lookup find core objects.
type lookups struct{ dynamic.Interface }

// GetClientFor gives the client of a kind.
func (l lookups) GetClientFor(_, kind string) (dynamic.NamespaceableResourceInterface, bool, error) {
	return l.Resource(corev1.SchemeGroupVersion.WithResource(strings.ToLower(kind) + "s")), true, nil
}

func listKinds() map[schema.GroupVersionResource]string {
	return map[schema.GroupVersionResource]string{
		corev1.SchemeGroupVersion.WithResource("secrets"): "SecretList", corev1.SchemeGroupVersion.WithResource("configmaps"): "ConfigMapList"}
}

// configMap is an object of the cluster.
func configMap(namespace, name string, data map[string]string) []runtime.Object {
	return []runtime.Object{&corev1.ConfigMap{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: data}}
}
