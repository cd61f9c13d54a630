package workload

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// Annotations of Flux. A value that was not handled yet is a request.
const (
	RequestedAt = "reconcile.fluxcd.io/requestedAt"
	// ForceAt with the same value makes helm-controller render a chart again whose
	// values have not changed: what a chart looks up is no reason for it otherwise.
	ForceAt = "reconcile.fluxcd.io/forceAt"
)

// Flux is a HelmRelease or a Kustomization by name.
type Flux struct {
	Client          dynamic.Interface
	Kind            string
	Namespace, Name string
}

// NotServedError says that the API server does not know a kind.
type NotServedError struct{ Kind, APIVersion string }

func (e *NotServedError) Error() string {
	return "the API server does not serve " + e.Kind + " " + e.APIVersion
}

// fluxObject is what is read of one. No message is: it may quote anything.
type fluxObject struct {
	annotations map[string]string
	generation  int64
	fluxFields
}

type fluxFields struct {
	Spec struct {
		Suspend bool `json:"suspend"`
	} `json:"spec"`
	Status struct {
		ObservedGeneration int64       `json:"observedGeneration"`
		LastHandled        string      `json:"lastHandledReconcileAt"`
		Conditions         []condition `json:"conditions"`
	} `json:"status"`
}

type condition struct {
	Type               string `json:"type"`
	Status             string `json:"status"`
	Reason             string `json:"reason"`
	ObservedGeneration int64  `json:"observedGeneration"`
}

// Ref names it, for Events.
func (f Flux) Ref() corev1.ObjectReference {
	return corev1.ObjectReference{APIVersion: ResourceOf(f.Kind).GroupVersion().String(), Kind: f.Kind, Namespace: f.Namespace, Name: f.Name}
}

// Read reads past every cache. It is complete when Flux has done what it was asked
// for last. There are no Pods to select.
func (f Flux) Read(ctx context.Context) (Observed, error) {
	got, err := f.resource().Get(ctx, f.Name, metav1.GetOptions{})
	if err != nil {
		return Observed{}, f.classify("reading", err)
	}
	o := fluxObject{annotations: got.GetAnnotations(), generation: got.GetGeneration()}
	if runtime.DefaultUnstructuredConverter.FromUnstructured(got.Object, &o.fluxFields) != nil {
		return Observed{}, fmt.Errorf("the %s %s/%s does not look like one of Flux", f.Kind, f.Namespace, f.Name)
	}
	why := o.missing()
	return Observed{Annotations: o.asked(), Complete: why == "", Why: why}, nil
}

// Annotate writes one annotation and asks for a reconciliation in its name, in one
// patch. The same annotation makes the same request: whoever repeats it asks once.
func (f Flux) Annotate(ctx context.Context, name, value string) error {
	annotations := map[string]string{name: value, RequestedAt: request(name, value)}
	if f.Kind == HelmRelease {
		annotations[ForceAt] = request(name, value)
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": annotations}})
	if err != nil {
		return fmt.Errorf("encoding the annotations: %w", err)
	}
	if _, err = f.resource().Patch(ctx, f.Name, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return f.classify("annotating", err)
	}
	return nil
}

func request(name, value string) string { return name + "=" + value }

func (f Flux) resource() dynamic.ResourceInterface {
	return f.Client.Resource(ResourceOf(f.Kind)).Namespace(f.Namespace)
}

// classify tells a kind that is not served from an object that is not there: the
// API server answers the first with a page instead of a Status.
func (f Flux) classify(what string, err error) error {
	if apierrors.IsNotFound(err) && apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse) {
		return &NotServedError{Kind: f.Kind, APIVersion: ResourceOf(f.Kind).GroupVersion().String()}
	}
	return fmt.Errorf("%s the %s %s/%s: %w", what, f.Kind, f.Namespace, f.Name, err)
}

// asked are the annotations. A request that somebody has removed before it was
// handled was never made, and so was the annotation in whose name it was.
func (o fluxObject) asked() map[string]string {
	all := maps.Clone(o.annotations)
	if all[RequestedAt] == "" {
		maps.DeleteFunc(all, func(name, value string) bool { return request(name, value) != o.Status.LastHandled })
	}
	return all
}

// missing says what Flux has not done yet, "" where it has done all.
func (o fluxObject) missing() string {
	var ready condition
	if i := slices.IndexFunc(o.Status.Conditions, func(c condition) bool { return c.Type == "Ready" }); i >= 0 {
		ready = o.Status.Conditions[i]
	}
	handled := o.annotations[RequestedAt] == "" || o.annotations[RequestedAt] == o.Status.LastHandled
	current := o.Status.ObservedGeneration >= o.generation && (ready.ObservedGeneration == 0 || ready.ObservedGeneration >= o.generation)
	switch {
	case ready.Status == "True" && handled && current:
		return ""
	case o.Spec.Suspend:
		return "it is suspended"
	case ready.Status == "":
		return "it has no Ready condition"
	case ready.Status != "True":
		return "Ready is " + ready.Status + ": " + ready.Reason
	case !handled:
		return "the request has not been handled"
	}
	return "its newest generation has not been observed"
}
