package nodetest

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/cache"
)

// watch follows all Pods until ctx ends. Tests make outages of the API server
// and want the node back soon after, so it retries at a steady pace where
// client-go would wait longer each time.
func (n *Node) watch(ctx context.Context) {
	pods := cache.NewListWatchFromClient(n.client.CoreV1().RESTClient(), "pods", corev1.NamespaceAll, fields.Everything())
	steady := &wait.Backoff{Duration: 200 * time.Millisecond, Factor: 1}
	reflector := cache.NewReflectorWithOptions(pods, &corev1.Pod{}, &store{ctx: ctx, node: n},
		cache.ReflectorOptions{Name: "node stand-in", Backoff: steady})
	reflector.RunWithContext(ctx)
}

// store is where the reflector puts what it sees. It keeps nothing: every
// change goes straight to the Pod it is about.
type store struct {
	ctx  context.Context //nolint:containedctx // the life of the Pods, which the reflector's interface cannot carry
	node *Node
}

func (s *store) Add(obj any) error    { return s.Update(obj) }
func (s *store) Update(obj any) error { s.node.observe(s.ctx, obj.(*corev1.Pod)); return nil }
func (s *store) Delete(obj any) error { s.node.forget(obj.(*corev1.Pod).UID); return nil }
func (s *store) Resync() error        { return nil }

// Replace is the complete list, after a start or after events were missed.
func (s *store) Replace(list []any, _ string) error {
	present := map[types.UID]bool{}
	for _, obj := range list {
		present[obj.(*corev1.Pod).UID] = true
		s.node.observe(s.ctx, obj.(*corev1.Pod))
	}
	for _, uid := range s.node.known() {
		if !present[uid] {
			s.node.forget(uid)
		}
	}
	return nil
}

// observe takes notice of a Pod's newest state, and adopts the Pod when it is
// new and not on another node.
func (n *Node) observe(ctx context.Context, state *corev1.Pod) {
	if state.Spec.NodeName != "" && state.Spec.NodeName != n.options.Name {
		n.forget(state.UID)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if p := n.pods[state.UID]; p != nil {
		p.observe(state)
		return
	}
	life, cancel := context.WithCancel(ctx)
	p := newPod(n, state, cancel)
	n.pods[state.UID] = p
	n.running.Go(func() {
		defer cancel()
		p.live(life)
	})
}

func (n *Node) known() []types.UID {
	n.mu.Lock()
	defer n.mu.Unlock()
	uids := make([]types.UID, 0, len(n.pods))
	for uid := range n.pods {
		uids = append(uids, uid)
	}
	return uids
}

// forget ends what runs for a Pod that is gone.
func (n *Node) forget(uid types.UID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if p := n.pods[uid]; p != nil {
		p.cancel()
		delete(n.pods, uid)
	}
}
