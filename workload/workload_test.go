package workload

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
)

func number(n int32) *int32 { return &n }

// TestStatefulSetComplete: every replica of the newest template is ready.
func TestStatefulSetComplete(t *testing.T) {
	rows := []struct {
		name   string
		change func(s *appsv1.StatefulSet)
		want   bool
	}{
		{"complete", func(*appsv1.StatefulSet) {}, true},
		{"the controller has not looked", func(s *appsv1.StatefulSet) { s.Status.ObservedGeneration = 2 }, false},
		{"one is not updated", func(s *appsv1.StatefulSet) { s.Status.UpdatedReplicas = 1 }, false},
		{"one is not ready", func(s *appsv1.StatefulSet) { s.Status.ReadyReplicas = 1 }, false},
		{"the old revision is current", func(s *appsv1.StatefulSet) { s.Status.CurrentRevision = "a" }, false},
		{"no revision is told", func(s *appsv1.StatefulSet) { s.Status.CurrentRevision, s.Status.UpdateRevision = "", "" }, true},
		{"one replica by default", func(s *appsv1.StatefulSet) {
			s.Spec.Replicas, s.Status.UpdatedReplicas, s.Status.ReadyReplicas = nil, 1, 1
		}, true},
		{"none by default is not complete", func(s *appsv1.StatefulSet) {
			s.Spec.Replicas, s.Status.UpdatedReplicas, s.Status.ReadyReplicas = nil, 0, 0
		}, false},
		{"scaled to none", func(s *appsv1.StatefulSet) {
			s.Spec.Replicas, s.Status.UpdatedReplicas, s.Status.ReadyReplicas = number(0), 0, 0
		}, true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := &appsv1.StatefulSet{}
			s.Generation, s.Spec.Replicas = 3, number(2)
			s.Status = appsv1.StatefulSetStatus{ObservedGeneration: 3, Replicas: 2, UpdatedReplicas: 2, ReadyReplicas: 2, CurrentRevision: "b", UpdateRevision: "b"}
			row.change(s)
			if got := statefulSetComplete(s); got != row.want {
				t.Errorf("complete: %t", got)
			}
		})
	}
}

// TestDeploymentComplete: the same, with no Pod of an older template left.
func TestDeploymentComplete(t *testing.T) {
	rows := []struct {
		name   string
		change func(d *appsv1.Deployment)
		want   bool
	}{
		{"complete", func(*appsv1.Deployment) {}, true},
		{"the controller has not looked", func(d *appsv1.Deployment) { d.Status.ObservedGeneration = 2 }, false},
		{"one is not updated", func(d *appsv1.Deployment) { d.Status.UpdatedReplicas = 1 }, false},
		{"an old one is left", func(d *appsv1.Deployment) { d.Status.Replicas = 3 }, false},
		{"one is not available", func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 1 }, false},
		{"scaled to none", func(d *appsv1.Deployment) {
			d.Spec.Replicas, d.Status = number(0), appsv1.DeploymentStatus{ObservedGeneration: 3}
		}, true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			d := &appsv1.Deployment{}
			d.Generation, d.Spec.Replicas = 3, number(2)
			d.Status = appsv1.DeploymentStatus{ObservedGeneration: 3, Replicas: 2, UpdatedReplicas: 2, AvailableReplicas: 2}
			row.change(d)
			if got := deploymentComplete(d); got != row.want {
				t.Errorf("complete: %t", got)
			}
		})
	}
}
