package controlplane

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
)

// issuer is what service account tokens name as their origin, and what they
// are good for.
const issuer = "https://kubernetes.default.svc"

// serviceAddress is the first of --service-cluster-ip-range: where Pods reach the API server.
const serviceAddress = "10.96.0.1"

func (c *ControlPlane) startEtcd(ctx context.Context) error {
	client, peer := "http://"+child.Address(c.ports.etcd), "http://"+child.Address(c.ports.peer)
	return c.start(ctx, &c.etcd, etcdBinary, c.etcdReady,
		"--data-dir="+c.files.data,
		"--listen-client-urls="+client,
		"--advertise-client-urls="+client,
		"--listen-peer-urls="+peer,
		"--initial-advertise-peer-urls="+peer,
		"--initial-cluster=default="+peer,
		// The data need not survive a power cut, and a single member elects
		// itself as soon as it may.
		"--unsafe-no-fsync",
		"--heartbeat-interval=20",
		"--election-timeout=100",
		"--log-level=warn",
	)
}

func (c *ControlPlane) startAPIServer(ctx context.Context) error {
	args := []string{
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(c.ports.api),
		"--etcd-servers=http://" + child.Address(c.ports.etcd),
		"--tls-cert-file=" + c.files.cert,
		"--tls-private-key-file=" + c.files.key,
		"--client-ca-file=" + c.files.ca,
		"--service-account-issuer=" + issuer,
		"--service-account-key-file=" + c.files.tokenKey,
		"--service-account-signing-key-file=" + c.files.tokenKey,
		"--service-cluster-ip-range=10.96.0.0/16",
		"--authorization-mode=RBAC",
		"--allow-privileged",
		"--disable-admission-plugins=" + strings.Join(c.unneededPlugins(), ","),
		// There is one API server; it need not tell others where it is, which
		// saves work at the start and at the end.
		"--endpoint-reconciler-type=none",
		"--profiling=false",
	}
	return c.start(ctx, &c.apiserver, apiserverBinary, c.apiReady, append(args, c.options.APIServerFlags...)...)
}

// unneededPlugins are the admission plugins that only matter with nodes,
// disks and ingresses.
func (c *ControlPlane) unneededPlugins() []string {
	plugins := []string{
		"TaintNodesByCondition", "Priority", "DefaultTolerationSeconds", "DefaultStorageClass",
		"StorageObjectInUseProtection", "PersistentVolumeClaimResize", "RuntimeClass", "DefaultIngressClass",
		"CertificateApproval", "CertificateSigning", "CertificateSubjectRestriction",
	}
	if c.options.ControllerManager {
		return plugins
	}
	// Without its controller no namespace gets a default service account, and
	// this plugin would refuse every Pod for it.
	return append(plugins, "ServiceAccount")
}

// usualControllers do what Pods, namespaces and the deletion of objects depend on.
func usualControllers() []string {
	return []string{
		"namespace-controller", "serviceaccount-controller", "serviceaccount-token-controller",
		"statefulset-controller", "deployment-controller", "replicaset-controller", "garbage-collector-controller",
	}
}

func (c *ControlPlane) startControllers(ctx context.Context) error {
	return c.start(ctx, &c.controllers, controllerBinary, c.controllersReady,
		"--kubeconfig="+c.files.kubeconfig,
		"--bind-address=127.0.0.1",
		"--secure-port="+strconv.Itoa(c.ports.controllers),
		"--tls-cert-file="+c.files.cert,
		"--tls-private-key-file="+c.files.key,
		"--root-ca-file="+c.files.ca,
		"--service-account-private-key-file="+c.files.tokenKey,
		"--leader-elect=false",
		"--controllers="+strings.Join(append(usualControllers(), c.options.Controllers...), ","),
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
	)
}

// start starts a server, unless it runs already, and waits until it is ready.
func (c *ControlPlane) start(ctx context.Context, p **child.Process, name string,
	ready func(context.Context) error, args ...string,
) error {
	if *p != nil && (*p).Running() {
		return nil
	}
	process, err := child.Start(child.Spec{
		Path: filepath.Join(c.bin, name),
		Args: args,
		Dir:  c.dir,
		Env:  []string{"HOME=" + c.dir, "TMPDIR=" + os.TempDir()},
		Logs: c.options.Logs,
	})
	if err != nil {
		return err
	}
	*p = process
	if err := process.Await(ctx, name, ready); err != nil {
		return fmt.Errorf("start the control plane: %w", err)
	}
	return nil
}
