package watcher

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Incarnation is one life of a container: a new Pod, a new container in the
// same Pod, or readiness lost and won again makes another one.
type Incarnation struct {
	Pod      string
	UID      string
	ID       string // container ID
	Restarts int32
	Ready    bool
	IP       string
	Port     int32 // the container's port named "http"; 0 where it names none
}

// Incarnations reads the lives of one container from its Pods, sorted by Pod.
// Pods that are being deleted or have ended are left out.
func Incarnations(pods []*corev1.Pod, container string) []Incarnation {
	var all []Incarnation
	for _, p := range pods {
		if p.DeletionTimestamp != nil || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			continue
		}
		i := Incarnation{Pod: p.Name, UID: string(p.UID), IP: p.Status.PodIP, Port: httpPort(p.Spec, container)}
		for _, s := range p.Status.ContainerStatuses {
			if s.Name == container {
				i.ID, i.Restarts, i.Ready = s.ContainerID, s.RestartCount, s.Ready
			}
		}
		all = append(all, i)
	}
	slices.SortFunc(all, func(a, b Incarnation) int { return strings.Compare(a.Pod, b.Pod) })
	return all
}

func httpPort(spec corev1.PodSpec, container string) int32 {
	for _, c := range spec.Containers {
		for _, p := range c.Ports {
			if c.Name == container && p.Name == "http" {
				return p.ContainerPort
			}
		}
	}
	return 0
}

// Address is host:port of the Pod's HTTP listener; fallback is the port to use
// where the container names none.
func (i Incarnation) Address(fallback string) string {
	port := fallback
	if i.Port != 0 {
		port = strconv.Itoa(int(i.Port))
	}
	return net.JoinHostPort(i.IP, port)
}

// Digest is a text that differs when anything of the lives does.
func Digest(all []Incarnation) string { return fmt.Sprint(all) }

// Lives is a text that differs when a process is another one: readiness and
// addresses come and go in the life of one.
func Lives(all []Incarnation) string {
	var lives []string
	for _, i := range all {
		if i.ID != "" {
			lives = append(lives, i.UID+" "+i.ID+" "+strconv.Itoa(int(i.Restarts)))
		}
	}
	return strings.Join(lives, ",")
}

// TrimPod drops what [Incarnations] never reads, so that the cache holds little.
func TrimPod(obj any) (any, error) {
	p, ok := obj.(*corev1.Pod)
	if !ok {
		return obj, nil
	}
	slim := &corev1.Pod{TypeMeta: p.TypeMeta, ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace, UID: p.UID, ResourceVersion: p.ResourceVersion, DeletionTimestamp: p.DeletionTimestamp}}
	slim.Status = corev1.PodStatus{Phase: p.Status.Phase, PodIP: p.Status.PodIP}
	for _, c := range p.Spec.Containers {
		slim.Spec.Containers = append(slim.Spec.Containers, corev1.Container{Name: c.Name, Ports: c.Ports})
	}
	for _, s := range p.Status.ContainerStatuses {
		slim.Status.ContainerStatuses = append(slim.Status.ContainerStatuses, corev1.ContainerStatus{Name: s.Name, ContainerID: s.ContainerID, RestartCount: s.RestartCount, Ready: s.Ready})
	}
	return slim, nil
}
