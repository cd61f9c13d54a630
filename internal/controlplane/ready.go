package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
)

// errNotReady is what a server says that is up, but not ready.
var errNotReady = errors.New("not ready")

func (c *ControlPlane) etcdReady(ctx context.Context) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return answersOK(ctx, client, "http://"+child.Address(c.ports.etcd)+"/health")
}

func (c *ControlPlane) controllersReady(ctx context.Context) error {
	return c.adminGet(ctx, c.ports.controllers, "/healthz")
}

// apiReady asks for more than /readyz where that promises less than tests
// rely on: the default namespace is made in the background.
func (c *ControlPlane) apiReady(ctx context.Context) error {
	if err := c.adminGet(ctx, c.ports.api, "/readyz"); err != nil {
		return err
	}
	config, client, err := oneShot(c.admin)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	clientset, err := kubernetes.NewForConfigAndClient(config, client)
	if err != nil {
		return fmt.Errorf("make a client: %w", err)
	}
	if _, err := clientset.RbacV1().ClusterRoles().Get(ctx, "cluster-admin", metav1.GetOptions{}); err != nil {
		return fmt.Errorf("look for the RBAC roles: %w", err)
	}
	_, err = clientset.CoreV1().Namespaces().Get(ctx, metav1.NamespaceDefault, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("look for the default namespace: %w", err)
	}
	return nil
}

func (c *ControlPlane) adminGet(ctx context.Context, port int, path string) error {
	_, client, err := oneShot(c.admin)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	return answersOK(ctx, client, "https://"+child.Address(port)+path)
}

// oneShot makes an HTTP client whose connections its user closes. A
// rest.Config makes clients that share connections with all others of the same
// configuration, and a test that looks for leaks would find them.
func oneShot(config *rest.Config) (*rest.Config, *http.Client, error) {
	tls, err := rest.TLSConfigFor(config)
	if err != nil {
		return nil, nil, fmt.Errorf("read the client's certificate: %w", err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: tls, ForceAttemptHTTP2: true}}
	if config.BearerToken != "" {
		client.Transport, err = rest.HTTPWrappersForConfig(config, client.Transport)
		if err != nil {
			return nil, nil, fmt.Errorf("make a client: %w", err)
		}
	}
	return config, client, nil
}

func answersOK(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("ask a server whether it is ready: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("ask a server whether it is ready: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return fmt.Errorf("read a server's answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: %s", errNotReady, response.Status)
	}
	return nil
}

// existing turns the error of creating what is there already into success.
func existing(err error) error {
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}
