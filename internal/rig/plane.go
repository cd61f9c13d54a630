package rig

import (
	"context"
	"fmt"
	"os"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/openova-io/smtp-mirror/internal/controlplane"
	"github.com/openova-io/smtp-mirror/internal/nodetest"
)

// Plane is a Kubernetes API that several installations can share, each in
// namespaces of its own.
type Plane struct {
	ControlPlane *controlplane.ControlPlane
	Admin        *kubernetes.Clientset
	AdminConfig  *rest.Config
	Node         *nodetest.Node // nil without Pods

	mu   sync.Mutex
	runs map[string]RunFunc // namespace -> what its containers run
}

// RunFunc starts a container.
type RunFunc = func(ctx context.Context, pod *corev1.Pod, container corev1.Container) (nodetest.Process, error)

// StartPlane starts a control plane in a directory. With pods there are the
// controllers of workloads and namespaces, and a node. The flags are the API server's.
func StartPlane(ctx context.Context, dir string, pods bool, flags ...string) (*Plane, error) {
	err := os.MkdirAll(dir, 0o700)
	if err != nil {
		return nil, fmt.Errorf("making a directory: %w", err)
	}
	p := &Plane{runs: map[string]RunFunc{}}
	p.ControlPlane, err = controlplane.Start(ctx, controlplane.Options{Dir: dir, ControllerManager: pods, APIServerFlags: flags})
	if err != nil {
		return nil, fmt.Errorf("starting the control plane: %w", err)
	}
	p.AdminConfig = rest.CopyConfig(p.ControlPlane.Admin())
	p.AdminConfig.QPS = -1
	p.Admin, err = kubernetes.NewForConfig(p.AdminConfig)
	if err != nil {
		return p, fmt.Errorf("making the administrator's client: %w", err)
	}
	if pods {
		p.Node, err = nodetest.Start(ctx, p.AdminConfig, nodetest.Options{Name: "node-1", Run: p.runContainer})
	}
	if err != nil {
		return p, fmt.Errorf("starting the node stand-in: %w", err)
	}
	return p, nil
}

// RunIn says what the containers of a namespace run; others only pretend.
func (p *Plane) RunIn(namespace string, run RunFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.runs[namespace] = run
}

func (p *Plane) runContainer(ctx context.Context, pod *corev1.Pod, c corev1.Container) (nodetest.Process, error) {
	p.mu.Lock()
	run := p.runs[pod.Namespace]
	p.mu.Unlock()
	if run == nil {
		return nil, nil
	}
	return run(ctx, pod, c)
}

// Close ends everything.
func (p *Plane) Close() error {
	if p.Node != nil {
		p.Node.Stop()
	}
	return p.ControlPlane.Close()
}
