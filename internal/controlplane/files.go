package controlplane

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/rest"

	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
)

// files are the paths of what the processes read.
type files struct {
	ca, cert, key string // of the servers, and of the clients' authority
	tokenKey      string // signs service account tokens
	kubeconfig    string // of the controller manager
	data          string // of etcd
}

func (c *ControlPlane) writeFiles() error {
	c.files = files{
		ca:         filepath.Join(c.dir, "ca.crt"),
		cert:       filepath.Join(c.dir, "server.crt"),
		key:        filepath.Join(c.dir, "server.key"),
		tokenKey:   filepath.Join(c.dir, "token.key"),
		kubeconfig: filepath.Join(c.dir, "admin.kubeconfig"),
		data:       filepath.Join(c.dir, "etcd"),
	}
	ca, err := pki.NewCA("controlplane")
	if err != nil {
		return err
	}
	if err := c.writeServerFiles(ca); err != nil {
		return err
	}
	client, err := ca.Client("admin", "system:masters")
	if err != nil {
		return err
	}
	c.admin = &rest.Config{
		Host:            "https://" + child.Address(c.ports.api),
		QPS:             -1,
		TLSClientConfig: rest.TLSClientConfig{CAData: ca.PEM(), CertData: client.Cert, KeyData: client.Key},
	}
	return c.WriteKubeconfig(c.files.kubeconfig, c.admin)
}

func (c *ControlPlane) writeServerFiles(ca *pki.CA) error {
	server, err := ca.Server("127.0.0.1", "localhost", "kubernetes.default.svc", serviceAddress)
	if err != nil {
		return err
	}
	tokenKey, err := pki.NewSigningKey()
	if err != nil {
		return err
	}
	return errors.Join(
		writeFile(c.files.ca, ca.PEM()),
		writeFile(c.files.cert, server.Cert),
		writeFile(c.files.key, server.Key),
		writeFile(c.files.tokenKey, tokenKey),
	)
}

// writeFile writes a file that only its owner may read, as most of these hold
// a key.
func writeFile(path string, content []byte) error {
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return fmt.Errorf("write a file of the control plane: %w", err)
	}
	return nil
}
