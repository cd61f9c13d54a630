package nodetest

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

// retryInterval paces attempts against an API server that may be down.
const retryInterval = 100 * time.Millisecond

// pod is the life of one Pod on the node. Its goroutine binds the Pod, then
// writes its status whenever a container changed, and finally deletes it.
type pod struct {
	node        *Node
	cancel      context.CancelFunc
	inits       []*container // none where init containers only pretend
	containers  []*container
	changed     chan struct{} // has room for one, as the status is written whole
	terminating chan struct{}
	done        chan struct{}

	mu      sync.Mutex
	state   *corev1.Pod // the newest that was observed
	sandbox Sandbox     // nil before it is made

	publishing sync.Mutex // serialises publish
	conditions []corev1.PodCondition
}

func newPod(n *Node, state *corev1.Pod, cancel context.CancelFunc) *pod {
	p := &pod{
		node:        n,
		cancel:      cancel,
		changed:     make(chan struct{}, 1),
		terminating: make(chan struct{}),
		done:        make(chan struct{}),
		state:       &corev1.Pod{},
	}
	ends, inits := never, untilSuccess
	if state.Spec.RestartPolicy == corev1.RestartPolicyNever {
		ends, inits = once, once
	}
	for _, spec := range state.Spec.InitContainers {
		switch {
		case !n.runsInits:
		case spec.RestartPolicy != nil && *spec.RestartPolicy == corev1.ContainerRestartPolicyAlways:
			p.inits = append(p.inits, newContainer(p, spec, never)) // a native sidecar
		default:
			p.inits = append(p.inits, newContainer(p, spec, inits))
		}
	}
	for _, spec := range state.Spec.Containers {
		p.containers = append(p.containers, newContainer(p, spec, ends))
	}
	p.observe(state)
	return p
}

// observe is called by one goroutine, the reflector's.
func (p *pod) observe(state *corev1.Pod) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state.DeletionTimestamp == nil && state.DeletionTimestamp != nil {
		close(p.terminating)
	}
	p.state = state
}

func (p *pod) latest() *corev1.Pod {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// live runs the Pod until it is deleted or ctx ends.
func (p *pod) live(ctx context.Context) {
	defer close(p.done)
	running, stop := context.WithCancel(ctx)
	defer stop()
	if p.bind(running) != nil {
		return
	}
	var work sync.WaitGroup
	work.Go(func() { p.run(running) })
	p.report(ctx)
	stop()
	work.Wait()
	if ctx.Err() == nil {
		p.delete(ctx)
	}
}

// run makes the sandbox, and runs the containers in it until ctx ends.
func (p *pod) run(ctx context.Context) {
	sandbox, err := p.open(ctx)
	if err != nil {
		return
	}
	// What cannot be closed is left over, and the test that owns it sees that.
	defer func() { _ = sandbox.Close() }()
	var containers sync.WaitGroup
	defer containers.Wait()
	for _, c := range p.inits {
		if c.ends == never {
			containers.Go(func() { c.live(ctx) })
			c.awaitBegin(ctx)
			continue
		}
		if c.live(ctx); failed(c.current()) {
			return // it is never tried again
		}
	}
	for _, c := range p.containers {
		containers.Go(func() { c.live(ctx) })
	}
}

// open makes the sandbox, however often it takes.
func (p *pod) open(ctx context.Context) (sandbox Sandbox, err error) {
	err = retry(ctx, func(ctx context.Context) (bool, error) {
		made, err := p.node.options.Sandbox(ctx, p.latest().DeepCopy())
		if err != nil {
			p.containers[0].change(func(s *corev1.ContainerStatus) { s.State = waiting("CreateContainerConfigError", err.Error()) })
			return false, nil //nolint:nilerr // it is in the status, and tried again
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.sandbox, sandbox = made, made
		return true, nil
	})
	return sandbox, err
}

// ip is the Pod's address, "" before there is one.
func (p *pod) ip() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sandbox == nil {
		return ""
	}
	return p.sandbox.IP()
}

// bind puts the Pod on the node, as a scheduler does.
func (p *pod) bind(ctx context.Context) error {
	state := p.latest()
	if state.Spec.NodeName != "" {
		return nil
	}
	binding := &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Name: state.Name, Namespace: state.Namespace, UID: state.UID},
		Target:     corev1.ObjectReference{Kind: "Node", Name: p.node.options.Name},
	}
	return retry(ctx, func(ctx context.Context) (bool, error) {
		err := p.node.client.CoreV1().Pods(state.Namespace).Bind(ctx, binding, metav1.CreateOptions{})
		return err == nil || p.latest().Spec.NodeName == p.node.options.Name, nil
	})
}

// report writes the Pod's status after every change, until the Pod is to
// terminate or ctx ends.
func (p *pod) report(ctx context.Context) {
	var again <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.terminating:
			return
		case <-p.changed:
		case <-again:
		}
		again = nil
		if err := p.publish(ctx); err != nil && !apierrors.IsNotFound(err) {
			again = time.After(retryInterval)
		}
	}
}

// notify makes report write the status soon.
func (p *pod) notify() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// delete ends a graceful deletion, which the API server leaves to the node.
func (p *pod) delete(ctx context.Context) {
	state := p.latest()
	options := *metav1.NewDeleteOptions(0)
	options.Preconditions = metav1.NewUIDPreconditions(string(state.UID))
	_ = retry(ctx, func(ctx context.Context) (bool, error) {
		err := p.node.client.CoreV1().Pods(state.Namespace).Delete(ctx, state.Name, options)
		return err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err), nil
	})
}

func (p *pod) restart(ctx context.Context, name string) error {
	for _, c := range p.containers {
		if c.spec.Name != name {
			continue
		}
		if err := c.restart(ctx, p.done); err != nil {
			return err
		}
		return p.publish(ctx)
	}
	return fmt.Errorf("look for the container: %w", ErrNotFound)
}

func retry(ctx context.Context, attempt wait.ConditionWithContextFunc) error {
	return wait.PollUntilContextCancel(ctx, retryInterval, true, attempt)
}
