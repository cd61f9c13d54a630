package controller

import (
	"fmt"
	"os"

	"k8s.io/client-go/dynamic"
	appsv1client "k8s.io/client-go/kubernetes/typed/apps/v1"
	authorizationv1client "k8s.io/client-go/kubernetes/typed/authorization/v1"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	eventsv1client "k8s.io/client-go/kubernetes/typed/events/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Clients are the parts of the Kubernetes API that are used, on one connection.
type Clients struct {
	Core   corev1client.CoreV1Interface
	Apps   appsv1client.AppsV1Interface
	Events eventsv1client.EventsV1Interface
	Leases coordinationv1client.CoordinationV1Interface
	Flux   dynamic.Interface // of kinds that may not be installed

	Reviews authorizationv1client.AuthorizationV1Interface // of rights; for doctor
}

// A connection that died without a word is found by HTTP/2 pings: client-go
// reads these when it makes a transport, and its own defaults take 45 s.
const (
	envReadIdle = "HTTP2_READ_IDLE_TIMEOUT_SECONDS"
	envPing     = "HTTP2_PING_TIMEOUT_SECONDS"
)

// RESTConfig finds the cluster: a kubeconfig where one is named, else the Pod's
// own ServiceAccount.
func RESTConfig(kubeconfig, agent string) (*rest.Config, error) {
	cfg, err := rest.InClusterConfig()
	if kubeconfig != "" {
		cfg, err = clientcmd.BuildConfigFromFlags("", kubeconfig)
	}
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w", err)
	}
	return Tuned(cfg, agent), nil
}

// Tuned sets what every request of ours has in common: the compact encoding, a
// name, and no waiting on the client's side, because the API server has priority
// and fairness of its own, and a queue of a few names cannot flood it.
func Tuned(cfg *rest.Config, agent string) *rest.Config {
	for name, value := range map[string]string{envReadIdle: "8", envPing: "4"} {
		if os.Getenv(name) == "" {
			_ = os.Setenv(name, value) // fails only for a malformed name
		}
	}
	cfg.QPS = -1
	cfg.UserAgent = agent
	cfg.ContentType = "application/vnd.kubernetes.protobuf"
	cfg.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	return cfg
}

// NewClients makes the clients on one transport.
func NewClients(cfg *rest.Config) (Clients, error) {
	var c Clients
	shared, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return c, fmt.Errorf("making the transport: %w", err)
	}
	if c.Core, err = corev1client.NewForConfigAndClient(cfg, shared); err != nil {
		return c, fmt.Errorf("making the core client: %w", err)
	}
	if c.Apps, err = appsv1client.NewForConfigAndClient(cfg, shared); err != nil {
		return c, fmt.Errorf("making the apps client: %w", err)
	}
	if c.Events, err = eventsv1client.NewForConfigAndClient(cfg, shared); err != nil {
		return c, fmt.Errorf("making the events client: %w", err)
	}
	if c.Leases, err = coordinationv1client.NewForConfigAndClient(cfg, shared); err != nil {
		return c, fmt.Errorf("making the lease client: %w", err)
	}
	if c.Reviews, err = authorizationv1client.NewForConfigAndClient(cfg, shared); err != nil {
		return c, fmt.Errorf("making the client of access reviews: %w", err)
	}
	if c.Flux, err = dynamic.NewForConfigAndClient(cfg, shared); err != nil {
		return c, fmt.Errorf("making the client of Flux's kinds: %w", err)
	}
	return c, nil
}
