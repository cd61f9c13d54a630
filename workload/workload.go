package workload

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	appsv1client "k8s.io/client-go/kubernetes/typed/apps/v1"
)

// Workload is a Deployment, a StatefulSet or a DaemonSet by name.
type Workload struct {
	Apps            appsv1client.AppsV1Interface
	Kind            string
	Namespace, Name string
}

// Observed is what is read.
type Observed struct {
	Annotations map[string]string // of the pod template; of a Flux, its own
	Complete    bool              // every Pod is of the newest template, and available; of a Flux, the request is done
	Why         string            // why it is not complete, where that is known
	Selector    string            // of its Pods; "" for none
}

// Ref names it, for Events.
func (w Workload) Ref() corev1.ObjectReference {
	return corev1.ObjectReference{APIVersion: "apps/v1", Kind: w.Kind, Namespace: w.Namespace, Name: w.Name}
}

// Read reads past every cache.
func (w Workload) Read(ctx context.Context) (Observed, error) {
	var o Observed
	var template *metav1.ObjectMeta
	var selector *metav1.LabelSelector
	var err error
	switch w.Kind {
	case Deployment:
		var d *appsv1.Deployment
		if d, err = w.Apps.Deployments(w.Namespace).Get(ctx, w.Name, metav1.GetOptions{}); err == nil {
			o.Complete, template, selector = deploymentComplete(d), &d.Spec.Template.ObjectMeta, d.Spec.Selector
		}
	case DaemonSet:
		var d *appsv1.DaemonSet
		if d, err = w.Apps.DaemonSets(w.Namespace).Get(ctx, w.Name, metav1.GetOptions{}); err == nil {
			o.Complete, template, selector = daemonSetComplete(d), &d.Spec.Template.ObjectMeta, d.Spec.Selector
		}
	default:
		var s *appsv1.StatefulSet
		if s, err = w.Apps.StatefulSets(w.Namespace).Get(ctx, w.Name, metav1.GetOptions{}); err == nil {
			o.Complete, template, selector = statefulSetComplete(s), &s.Spec.Template.ObjectMeta, s.Spec.Selector
		}
	}
	if err != nil {
		return o, fmt.Errorf("reading the %s %s/%s: %w", w.Kind, w.Namespace, w.Name, err)
	}
	o.Annotations, o.Selector = template.Annotations, metav1.FormatLabelSelector(selector)
	return o, nil
}

// Annotate changes one annotation of the pod template.
func (w Workload) Annotate(ctx context.Context, name, value string) error {
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{"annotations": map[string]string{name: value}}}}})
	if err != nil {
		return fmt.Errorf("encoding the annotation: %w", err)
	}
	switch w.Kind {
	case Deployment:
		_, err = w.Apps.Deployments(w.Namespace).Patch(ctx, w.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	case DaemonSet:
		_, err = w.Apps.DaemonSets(w.Namespace).Patch(ctx, w.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	default:
		_, err = w.Apps.StatefulSets(w.Namespace).Patch(ctx, w.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	}
	if err != nil {
		return fmt.Errorf("annotating the pod template of the %s %s/%s: %w", w.Kind, w.Namespace, w.Name, err)
	}
	return nil
}

func replicas(spec *int32) int32 {
	if spec == nil {
		return 1
	}
	return *spec
}

func statefulSetComplete(s *appsv1.StatefulSet) bool {
	want := replicas(s.Spec.Replicas)
	return s.Status.ObservedGeneration >= s.Generation && s.Status.UpdatedReplicas >= want && s.Status.ReadyReplicas >= want &&
		(s.Status.UpdateRevision == "" || s.Status.CurrentRevision == s.Status.UpdateRevision)
}

func deploymentComplete(d *appsv1.Deployment) bool {
	want := replicas(d.Spec.Replicas)
	return d.Status.ObservedGeneration >= d.Generation && d.Status.UpdatedReplicas >= want &&
		d.Status.Replicas == d.Status.UpdatedReplicas && d.Status.AvailableReplicas >= want
}

func daemonSetComplete(d *appsv1.DaemonSet) bool {
	want := d.Status.DesiredNumberScheduled
	return d.Status.ObservedGeneration >= d.Generation && d.Status.UpdatedNumberScheduled >= want && d.Status.NumberAvailable >= want
}
