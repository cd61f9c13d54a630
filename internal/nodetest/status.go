package nodetest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// publish writes the Pod's whole status. The UID in the patch keeps it from
// landing on a Pod that took the name over.
func (p *pod) publish(ctx context.Context) error {
	p.publishing.Lock()
	defer p.publishing.Unlock()
	state := p.latest()
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": state.UID},
		"status":   p.status(state),
	})
	if err != nil {
		return fmt.Errorf("encode the status of Pod %s/%s: %w", state.Namespace, state.Name, err)
	}
	_, err = p.node.client.CoreV1().Pods(state.Namespace).
		Patch(ctx, state.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil {
		return fmt.Errorf("write the status of Pod %s/%s: %w", state.Namespace, state.Name, err)
	}
	return nil
}

func (p *pod) status(state *corev1.Pod) corev1.PodStatus {
	s := corev1.PodStatus{
		HostIP:                address,
		HostIPs:               []corev1.HostIP{{IP: address}},
		StartTime:             &state.CreationTimestamp,
		ObservedGeneration:    state.Generation,
		InitContainerStatuses: completed(state),
	}
	if ip := p.ip(); ip != "" {
		s.PodIP, s.PodIPs = ip, []corev1.PodIP{{IP: ip}}
	}
	initialized, sidecars := true, true
	if len(p.inits) > 0 {
		s.InitContainerStatuses, initialized, sidecars = done(p.inits)
	}
	var ready bool
	s.ContainerStatuses, ready = currents(p.containers)
	ready = ready && sidecars
	s.Phase = phase(s.ContainerStatuses)
	if slices.ContainsFunc(s.InitContainerStatuses, failed) {
		s.Phase = corev1.PodFailed
	}
	p.condition(corev1.PodReadyToStartContainers, s.PodIP != "")
	p.condition(corev1.PodInitialized, initialized)
	p.condition(corev1.ContainersReady, ready)
	p.condition(corev1.PodReady, ready)
	s.Conditions = p.conditions
	return s
}

// currents are the states of containers, and whether all are ready.
func currents(all []*container) (states []corev1.ContainerStatus, ready bool) {
	ready = true
	for _, c := range all {
		one := c.current()
		ready = ready && one.Ready
		states = append(states, one)
	}
	return states, ready
}

// done are the states of init containers, which are ready when they have ended well, and
// whether all are; of native sidecars it is enough that they have begun, but the Pod is not
// ready before they are.
func done(all []*container) (states []corev1.ContainerStatus, initialized, sidecars bool) {
	states, _ = currents(all)
	initialized, sidecars = true, true
	for i := range states {
		s := &states[i]
		if all[i].ends == never {
			initialized, sidecars = initialized && s.ContainerID != "", sidecars && s.Ready
			continue
		}
		s.Ready = s.State.Terminated != nil && !failed(*s)
		initialized = initialized && s.Ready
	}
	return states, initialized, sidecars
}

// phase follows from the containers: a Pod runs when all have begun, and has ended when
// all have ended for good.
func phase(all []corev1.ContainerStatus) corev1.PodPhase {
	ended, failed := 0, false
	for _, s := range all {
		if s.ContainerID == "" {
			return corev1.PodPending
		}
		if t := s.State.Terminated; t != nil {
			ended, failed = ended+1, failed || t.ExitCode != 0
		}
	}
	switch {
	case ended < len(all):
		return corev1.PodRunning
	case failed:
		return corev1.PodFailed
	}
	return corev1.PodSucceeded
}

// condition sets a condition and keeps the time of its last change.
func (p *pod) condition(kind corev1.PodConditionType, holds bool) {
	c := corev1.PodCondition{Type: kind, Status: corev1.ConditionFalse, LastTransitionTime: metav1.Now()}
	if holds {
		c.Status = corev1.ConditionTrue
	}
	for i, old := range p.conditions {
		if old.Type != kind {
			continue
		}
		if old.Status != c.Status {
			p.conditions[i] = c
		}
		return
	}
	p.conditions = append(p.conditions, c)
}

// completed pretends that the init containers ran.
func completed(state *corev1.Pod) []corev1.ContainerStatus {
	out := make([]corev1.ContainerStatus, 0, len(state.Spec.InitContainers))
	for _, c := range state.Spec.InitContainers {
		id := "stand-in://" + string(state.UID) + "/" + c.Name
		out = append(out, corev1.ContainerStatus{
			Name: c.Name, Image: c.Image, ImageID: "stand-in://" + c.Image, ContainerID: id, Ready: true,
			State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
				Reason: "Completed", ContainerID: id,
				StartedAt: state.CreationTimestamp, FinishedAt: state.CreationTimestamp,
			}},
		})
	}
	return out
}
