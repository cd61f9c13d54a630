package nodetest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// address is where everything on the node is reached.
const address = "127.0.0.1"

// ErrNotFound says that the node runs no such Pod or container.
var ErrNotFound = errors.New("not on this node")

// Process is what a container runs.
type Process interface {
	// Ready returns nil when the process can do its work. It is asked
	// repeatedly and must not block longer than its context.
	Ready(ctx context.Context) error
	// Stop ends the process and waits for its end.
	Stop() error
	// Done is closed when the process has ended, for whatever reason.
	Done() <-chan struct{}
}

// Exiter is a Process whose end may be a bad one. What is none always ends well.
type Exiter interface {
	// Err says how the process ended, nil for the exit status 0. It is asked when Done is
	// closed.
	Err() error
}

// Sandbox is what the containers of one Pod share: its address, and whatever the test
// keeps for it.
type Sandbox interface {
	// IP is the Pod's address.
	IP() string
	// Run starts a container, as Options.Run does, or an init container.
	Run(ctx context.Context, pod *corev1.Pod, container corev1.Container) (Process, error)
	// Close ends what is left when all processes have ended.
	Close() error
}

// Options are the choices a test has.
type Options struct {
	// Name of the Node object; "node" when empty.
	Name string
	// Run starts a container. Its context ends with the container. A nil
	// Process pretends to run and to be ready, and so does every container
	// when Run is nil. After an error the start is tried again.
	Run func(ctx context.Context, pod *corev1.Pod, container corev1.Container) (Process, error)
	// Sandbox makes the place where a Pod runs, and wins over Run. Init containers are run
	// too, one after another. After an error it is tried again.
	Sandbox func(ctx context.Context, pod *corev1.Pod) (Sandbox, error)
}

// here is the sandbox of all Pods without one: this machine. Init containers only pretend.
type here struct{ *Node }

func (h here) IP() string { return address }

func (h here) Run(ctx context.Context, pod *corev1.Pod, c corev1.Container) (Process, error) {
	return h.options.Run(ctx, pod, c)
}

func (h here) Close() error { return nil }

// Node is a running stand-in.
type Node struct {
	options Options
	// runsInits tells whether init containers are run, or only pretend.
	runsInits bool
	http      *http.Client
	client    kubernetes.Interface
	cancel    context.CancelFunc
	running   sync.WaitGroup

	mu   sync.Mutex
	pods map[types.UID]*pod
}

// Start creates the Node object and takes care of all Pods until Stop. The
// configuration needs administrator rights. ctx bounds the start only.
func Start(ctx context.Context, cfg *rest.Config, o Options) (*Node, error) {
	if o.Name == "" {
		o.Name = "node"
	}
	if o.Run == nil {
		o.Run = func(context.Context, *corev1.Pod, corev1.Container) (Process, error) { return nil, nil }
	}
	n := &Node{options: o, runsInits: o.Sandbox != nil, pods: map[types.UID]*pod{}}
	if o.Sandbox == nil {
		n.options.Sandbox = func(context.Context, *corev1.Pod) (Sandbox, error) { return here{n}, nil }
	}
	if err := n.connect(cfg); err != nil {
		return nil, err
	}
	if err := n.register(ctx); err != nil {
		utilnet.CloseIdleConnectionsFor(n.http.Transport)
		return nil, err
	}
	watching, cancel := context.WithCancel(context.WithoutCancel(ctx))
	n.cancel = cancel
	n.running.Go(func() { n.watch(watching) })
	return n, nil
}

func (n *Node) connect(cfg *rest.Config) error {
	// client-go shares connections between clients of the same configuration,
	// unless it holds a function. Stop can only close what is not shared.
	cfg = rest.CopyConfig(cfg)
	cfg.Proxy = http.ProxyFromEnvironment
	var err error
	if n.http, err = rest.HTTPClientFor(cfg); err != nil {
		return fmt.Errorf("make a client of the node: %w", err)
	}
	if n.client, err = kubernetes.NewForConfigAndClient(cfg, n.http); err != nil {
		return fmt.Errorf("make a client of the node: %w", err)
	}
	return nil
}

func (n *Node) register(ctx context.Context) error {
	node := object(n.options.Name)
	_, err := n.client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create node %s: %w", n.options.Name, err)
	}
	return nil
}

func object(name string) *corev1.Node {
	room := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("64"),
		corev1.ResourceMemory: resource.MustParse("256Gi"),
		corev1.ResourcePods:   resource.MustParse("1000"),
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name:   name,
			Labels: map[string]string{corev1.LabelHostname: name, corev1.LabelOSStable: "linux"},
		},
		Status: corev1.NodeStatus{
			Capacity:    room,
			Allocatable: room,
			Addresses:   []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address}},
			Conditions: []corev1.NodeCondition{{
				Type: corev1.NodeReady, Status: corev1.ConditionTrue,
				Reason: "StandIn", LastTransitionTime: metav1.Now(), LastHeartbeatTime: metav1.Now(),
			}},
		},
	}
}

// RestartContainer stops a container's process and runs it again, as a
// kubelet does after a failed liveness probe. When it returns, the Pod's
// status has the new container ID and restart count.
func (n *Node) RestartContainer(ctx context.Context, namespace, name, container string) error {
	p := n.find(namespace, name)
	if p == nil {
		return fmt.Errorf("restart a container of Pod %s/%s: %w", namespace, name, ErrNotFound)
	}
	if err := p.restart(ctx, container); err != nil {
		return fmt.Errorf("restart container %s of Pod %s/%s: %w", container, namespace, name, err)
	}
	return nil
}

func (n *Node) find(namespace, name string) *pod {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.pods {
		latest := p.latest()
		if latest.Namespace == namespace && latest.Name == name && latest.DeletionTimestamp == nil {
			return p
		}
	}
	return nil
}

// Stop stops all processes and leaves the objects as they are.
func (n *Node) Stop() {
	n.cancel()
	n.running.Wait()
	utilnet.CloseIdleConnectionsFor(n.http.Transport)
}
