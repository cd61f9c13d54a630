package stalwartsync

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	appsv1client "k8s.io/client-go/kubernetes/typed/apps/v1"

	"github.com/openova-io/smtp-mirror/stalwart"
)

// RestartAnnotation is the name of the pod-template annotations whose change
// restarts Stalwart, each behind a prefix with the submission that asks. The value
// names the listener that waits, so one listener change is one restart, whoever
// asks for it and however often.
const RestartAnnotation = "smtp-mirror.openova.io/listener"

// AnnotationOf is the annotation of one submission.
func AnnotationOf(submission string) string { return submission + "." + RestartAnnotation }

// Workload is what runs Stalwart, as far as a restart needs it.
type Workload struct {
	Requested []string // the listeners that a restart was asked for
	Complete  bool     // the rollout of the newest template is complete
}

// RestartStep is what to do about a listener that is not bound.
type RestartStep string

// The steps.
const (
	RestartRequest RestartStep = "request" // change the annotation
	RestartWait    RestartStep = "wait"    // a rollout is under way
	RestartFailed  RestartStep = "failed"  // it was restarted for this listener, and the port is still closed
)

// DecideRestart asks for one restart per listener change, and never for a second
// one while a rollout is under way.
func DecideRestart(w Workload, want string) RestartStep {
	switch {
	case !w.Complete:
		return RestartWait
	case slices.Contains(w.Requested, want):
		return RestartFailed
	}
	return RestartRequest
}

// restartToken names a listener change. The ID tells a listener that was made
// anew after the data volume was lost.
func restartToken(l stalwart.Listener) string {
	return l.Name + "/" + l.ID + "/" + strings.Join(l.Binds, ",")
}

// Restarter restarts Stalwart's workload by its pod template.
type Restarter struct {
	Apps            appsv1client.AppsV1Interface
	Kind            string // StatefulSet or Deployment
	Namespace, Name string
}

// Read observes the workload.
func (r *Restarter) Read(ctx context.Context) (Workload, error) {
	if r.Kind == "Deployment" {
		d, err := r.Apps.Deployments(r.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
		if err != nil {
			return Workload{}, fmt.Errorf("reading the deployment of Stalwart: %w", err)
		}
		return Workload{requested(d.Spec.Template.Annotations), deploymentComplete(d)}, nil
	}
	s, err := r.Apps.StatefulSets(r.Namespace).Get(ctx, r.Name, metav1.GetOptions{})
	if err != nil {
		return Workload{}, fmt.Errorf("reading the statefulset of Stalwart: %w", err)
	}
	return Workload{requested(s.Spec.Template.Annotations), statefulSetComplete(s)}, nil
}

func requested(annotations map[string]string) []string {
	var all []string
	for name, value := range annotations {
		if strings.HasSuffix(name, "."+RestartAnnotation) {
			all = append(all, value)
		}
	}
	return all
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

// Request changes the annotation.
func (r *Restarter) Request(ctx context.Context, submission, want string) error {
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{"metadata": map[string]any{"annotations": map[string]string{AnnotationOf(submission): want}}}}})
	if err != nil {
		return fmt.Errorf("encoding the restart: %w", err)
	}
	if r.Kind == "Deployment" {
		_, err = r.Apps.Deployments(r.Namespace).Patch(ctx, r.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	} else {
		_, err = r.Apps.StatefulSets(r.Namespace).Patch(ctx, r.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	}
	if err != nil {
		return fmt.Errorf("asking for a restart of Stalwart: %w", err)
	}
	return nil
}
