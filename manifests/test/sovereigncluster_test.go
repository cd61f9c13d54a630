package charts_test

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// lookups lets Helm's lookup find objects.
type lookups struct{ dynamic.Interface }

// GetClientFor gives the client of a kind.
func (l lookups) GetClientFor(version, kind string) (dynamic.NamespaceableResourceInterface, bool, error) {
	group, err := schema.ParseGroupVersion(version)
	return l.Resource(group.WithResource(strings.ToLower(kind) + "s")), true, err
}

func listKinds() map[schema.GroupVersionResource]string {
	return map[schema.GroupVersionResource]string{
		corev1.SchemeGroupVersion.WithResource("secrets"): "SecretList", corev1.SchemeGroupVersion.WithResource("configmaps"): "ConfigMapList",
		appsv1.SchemeGroupVersion.WithResource("statefulsets"): "StatefulSetList"}
}

// configMap is an object of the cluster.
func configMap(namespace, name string, data map[string]string) []runtime.Object {
	return []runtime.Object{&corev1.ConfigMap{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: data}}
}
