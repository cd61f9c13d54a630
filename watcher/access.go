package watcher

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

// client is what every typed client of client-go has in common.
type client[T Object, L runtime.Object] interface {
	Get(ctx context.Context, name string, o metav1.GetOptions) (T, error)
	List(ctx context.Context, o metav1.ListOptions) (L, error)
	Watch(ctx context.Context, o metav1.ListOptions) (watch.Interface, error)
}

// Secret gives access to one Secret by name. List and watch carry the field
// selector metadata.name, which the API server authorises as that name: rights
// can be bounded by resourceNames in every verb.
func Secret(c corev1client.SecretsGetter, namespace, name string) Access[*corev1.Secret] {
	return single("secret", namespace, name, &corev1.Secret{}, c.Secrets(namespace))
}

// ConfigMap gives access to one ConfigMap by name, like [Secret].
func ConfigMap(c corev1client.ConfigMapsGetter, namespace, name string) Access[*corev1.ConfigMap] {
	return single("configmap", namespace, name, &corev1.ConfigMap{}, c.ConfigMaps(namespace))
}

// Service gives access to one Service by name, like [Secret].
func Service(c corev1client.ServicesGetter, namespace, name string) Access[*corev1.Service] {
	return single("service", namespace, name, &corev1.Service{}, c.Services(namespace))
}

func single[T Object, L runtime.Object](kind, namespace, name string, example T, c client[T, L]) Access[T] {
	byName := fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()
	return Access[T]{
		Name: kind + " " + namespace + "/" + name, Example: example, Trim: trimManagedFields,
		List: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = byName
			return c.List(ctx, o)
		},
		Watch: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = byName
			return c.Watch(ctx, o)
		},
		Live: func(ctx context.Context) ([]T, error) {
			obj, err := c.Get(ctx, name, metav1.GetOptions{})
			if apierrors.IsNotFound(err) {
				return nil, nil
			}
			return []T{obj}, err
		},
	}
}

// Pods gives access to the Pods that a label selector picks in one namespace.
func Pods(c corev1client.PodsGetter, namespace, selector string) Access[*corev1.Pod] {
	pods := c.Pods(namespace)
	return Access[*corev1.Pod]{
		Name: "pods " + namespace + " " + selector, Example: &corev1.Pod{}, Trim: TrimPod,
		List: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.LabelSelector = selector
			return pods.List(ctx, o)
		},
		Watch: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.LabelSelector = selector
			return pods.Watch(ctx, o)
		},
		Live: func(ctx context.Context) ([]*corev1.Pod, error) {
			list, err := pods.List(ctx, metav1.ListOptions{LabelSelector: selector})
			if err != nil {
				return nil, err
			}
			all := make([]*corev1.Pod, 0, len(list.Items))
			for i := range list.Items {
				all = append(all, &list.Items[i])
			}
			return all, nil
		},
	}
}

// trimManagedFields drops the bookkeeping of plain writes, which nobody here reads
// from a cache; that of server-side apply says what is ours.
func trimManagedFields(obj any) (any, error) {
	if o, ok := obj.(metav1.Object); ok {
		var applied []metav1.ManagedFieldsEntry
		for _, e := range o.GetManagedFields() {
			if e.Operation == metav1.ManagedFieldsOperationApply {
				applied = append(applied, e)
			}
		}
		o.SetManagedFields(applied)
	}
	return obj, nil
}
