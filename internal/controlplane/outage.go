package controlplane

import (
	"context"

	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
)

// StopAPIServer ends the API server and cuts off the watchers that do not
// leave within a second.
func (c *ControlPlane) StopAPIServer() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return end(&c.apiserver, politely)
}

// KillAPIServer ends the API server as a crash would.
func (c *ControlPlane) KillAPIServer() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return end(&c.apiserver, (*child.Process).Kill)
}

// StartAPIServer starts a stopped API server on its old port and waits until
// it is ready.
func (c *ControlPlane) StartAPIServer(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.startAPIServer(ctx)
}

// StopEtcd ends the store; the API server stays and answers with errors.
func (c *ControlPlane) StopEtcd() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return end(&c.etcd, politely)
}

// StartEtcd starts a stopped store on its old port with its old data.
func (c *ControlPlane) StartEtcd(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.startEtcd(ctx)
}
