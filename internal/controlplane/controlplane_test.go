package controlplane_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/openova-io/smtp-mirror/internal/controlplane"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const namespace = "mail"

func start(t *testing.T, o controlplane.Options) *controlplane.ControlPlane {
	t.Helper()
	began := time.Now()
	c, err := controlplane.Start(t.Context(), o)
	if errors.Is(err, controlplane.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("started in %s", time.Since(began).Round(time.Millisecond))
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func client(t *testing.T, cfg *rest.Config) kubernetes.Interface {
	t.Helper()
	httpClient, err := rest.HTTPClientFor(cfg)
	if err != nil {
		t.Fatal(err)
	}
	clientset, err := kubernetes.NewForConfigAndClient(cfg, httpClient)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { utilnet.CloseIdleConnectionsFor(httpClient.Transport) })
	return clientset
}

func account(t *testing.T, c *controlplane.ControlPlane) kubernetes.Interface {
	t.Helper()
	cfg, err := c.ServiceAccount(t.Context(), namespace, "writer")
	if err != nil {
		t.Fatal(err)
	}
	return client(t, cfg)
}

func apply(ctx context.Context, clientset kubernetes.Interface, name string) error {
	secret := applycorev1.Secret(name, namespace).WithStringData(map[string]string{"k": "v"})
	_, err := clientset.CoreV1().Secrets(namespace).Apply(ctx, secret, metav1.ApplyOptions{FieldManager: "test"})
	return err
}

// allow lets the account create and patch the one secret. Server-side apply
// needs both for an object that is not there yet, and checks the name with
// both.
func allow(t *testing.T, admin kubernetes.Interface, secret string) {
	t.Helper()
	meta := metav1.ObjectMeta{Name: "writer", Namespace: namespace}
	role := &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{""}, Resources: []string{"secrets"},
		ResourceNames: []string{secret}, Verbs: []string{"create", "patch"},
	}}}
	if _, err := admin.RbacV1().Roles(namespace).Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "writer"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: "writer", Namespace: namespace}},
	}
	_, err := admin.RbacV1().RoleBindings(namespace).Create(t.Context(), binding, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits for what the API server does in its own time, such as
// noticing a new role.
func eventually(t *testing.T, what string, probe func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := probe()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		case <-ticker.C:
		}
	}
}

func TestRightsAreEnforced(t *testing.T) {
	c := start(t, controlplane.Options{})
	writer := account(t, c)
	_, err := writer.CoreV1().Secrets(namespace).List(t.Context(), metav1.ListOptions{})
	if !apierrors.IsForbidden(err) {
		t.Fatalf("list without rights: got %v, want Forbidden", err)
	}
	allow(t, client(t, c.Admin()), "mail-credentials")
	eventually(t, "apply the allowed secret", func() error {
		return apply(t.Context(), writer, "mail-credentials")
	})
	if err := apply(t.Context(), writer, "other"); !apierrors.IsForbidden(err) {
		t.Fatalf("apply another secret: got %v, want Forbidden", err)
	}
}

func TestOutages(t *testing.T) {
	c := start(t, controlplane.Options{})
	writer, admin := account(t, c), client(t, c.Admin())
	allow(t, admin, "kept")
	eventually(t, "apply", func() error { return apply(t.Context(), writer, "kept") })
	outages := []struct {
		name  string
		stop  func() error
		start func(context.Context) error
	}{
		{"API server stopped", c.StopAPIServer, c.StartAPIServer},
		{"API server killed", c.KillAPIServer, c.StartAPIServer},
		{"etcd stopped", c.StopEtcd, c.StartEtcd},
	}
	for _, o := range outages {
		t.Run(o.name, func(t *testing.T) {
			began := time.Now()
			if err := o.stop(); err != nil {
				t.Fatal(err)
			}
			stopped := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := apply(ctx, writer, "kept"); err == nil {
				t.Error("apply during the outage: no error")
			}
			again := time.Now()
			if err := o.start(t.Context()); err != nil {
				t.Fatal(err)
			}
			t.Logf("stop %s, start %s", stopped.Sub(began), time.Since(again))
			// The same token still works, and the data is still there.
			eventually(t, "apply after the outage", func() error { return apply(t.Context(), writer, "kept") })
		})
	}
}

func TestControllers(t *testing.T) {
	c := start(t, controlplane.Options{ControllerManager: true})
	admin := client(t, c.Admin())
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	if _, err := admin.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "default service account", func() error {
		_, err := admin.CoreV1().ServiceAccounts(namespace).Get(t.Context(), "default", metav1.GetOptions{})
		return err
	})
}

func TestKubeconfigAndDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "plane")
	c := start(t, controlplane.Options{Dir: dir, APIServerFlags: []string{"--v=1"}})
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := c.WriteKubeconfig(path, c.Admin()); err != nil {
		t.Fatal(err)
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client(t, cfg).CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("Close removed a directory that is not its own: %v", err)
	}
}

func TestAvailableSaysWhatIsMissing(t *testing.T) {
	t.Setenv("KUBEBUILDER_ASSETS", t.TempDir())
	if _, err := controlplane.Available(); !errors.Is(err, controlplane.ErrUnavailable) {
		t.Fatalf("got %v, want ErrUnavailable", err)
	}
	if _, err := controlplane.Start(t.Context(), controlplane.Options{}); !errors.Is(err, controlplane.ErrUnavailable) {
		t.Fatalf("got %v, want ErrUnavailable", err)
	}
}
