package nodetest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/openova-io/smtp-mirror/internal/controlplane"
	"github.com/openova-io/smtp-mirror/internal/nodetest"
)

type runFunc = func(context.Context, *corev1.Pod, corev1.Container) (nodetest.Process, error)

func plane(t *testing.T) *controlplane.ControlPlane {
	t.Helper()
	c, err := controlplane.Start(t.Context(), controlplane.Options{ControllerManager: true})
	if errors.Is(err, controlplane.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func node(t *testing.T, c *controlplane.ControlPlane, o nodetest.Options) (*nodetest.Node, kubernetes.Interface) {
	t.Helper()
	n, err := nodetest.Start(t.Context(), c.Admin(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Stop)
	httpClient, err := rest.HTTPClientFor(c.Admin())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { utilnet.CloseIdleConnectionsFor(httpClient.Transport) })
	client, err := kubernetes.NewForConfigAndClient(c.Admin(), httpClient)
	if err != nil {
		t.Fatal(err)
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	if _, err := client.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return n, client
}

func cluster(t *testing.T, run runFunc) kubernetes.Interface {
	t.Helper()
	return clusterOf(t, nodetest.Options{Run: run})
}

func clusterOf(t *testing.T, o nodetest.Options) kubernetes.Interface {
	t.Helper()
	_, client := node(t, plane(t), o)
	return client
}

// pod returns the Pod, or an empty one where there is none at the moment.
func pod(t *testing.T, client kubernetes.Interface, name string) *corev1.Pod {
	t.Helper()
	p, err := client.CoreV1().Pods(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	if len(p.Status.ContainerStatuses) == 0 {
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{Started: new(bool)}}
	}
	return p
}

func main(t *testing.T, client kubernetes.Interface) corev1.ContainerStatus {
	t.Helper()
	return pod(t, client, "mail-0").Status.ContainerStatuses[0]
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-limit.C:
			t.Fatalf("waited in vain for %s", what)
		case <-ticker.C:
		}
	}
}

func TestRestartContainer(t *testing.T) {
	started := make(servers)
	n, client := node(t, plane(t), nodetest.Options{Run: started.run})
	createSet(t, client, 1)
	one := started.next(t)
	close(one.ready)
	eventually(t, "ready", func() bool { return main(t, client).Ready })
	before := pod(t, client, "mail-0")

	second := make(chan *server, 1)
	go func() { second <- <-started }()
	if err := n.RestartContainer(t.Context(), namespace, "mail-0", "main"); err != nil {
		t.Fatal(err)
	}
	<-one.done
	after := pod(t, client, "mail-0")
	was, is := before.Status.ContainerStatuses[0], after.Status.ContainerStatuses[0]
	if after.UID != before.UID || is.ContainerID == was.ContainerID || is.RestartCount != 1 || is.Ready {
		t.Errorf("UID %s -> %s, ID %s -> %s, restarts %d, ready %v",
			before.UID, after.UID, was.ContainerID, is.ContainerID, is.RestartCount, is.Ready)
	}
	close((<-second).ready)
	eventually(t, "ready again", func() bool { return main(t, client).Ready })

	for _, c := range [][2]string{{"mail-0", "other"}, {"mail-1", "main"}} {
		err := n.RestartContainer(t.Context(), namespace, c[0], c[1])
		if !errors.Is(err, nodetest.ErrNotFound) {
			t.Errorf("%s/%s: got %v, want ErrNotFound", c[0], c[1], err)
		}
	}
}

func TestOutageOfTheAPIServer(t *testing.T) {
	c, started := plane(t), make(servers)
	_, client := node(t, c, nodetest.Options{Run: started.run})
	createSet(t, client, 1)
	one := started.next(t)
	close(one.ready)
	eventually(t, "ready", func() bool { return main(t, client).Ready })
	if err := c.KillAPIServer(); err != nil {
		t.Fatal(err)
	}
	one.end() // while nobody can be told
	close(started.next(t).ready)
	if err := c.StartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the restart in the status", func() bool {
		s := main(t, client)
		return s.Ready && s.RestartCount == 1
	})
}
