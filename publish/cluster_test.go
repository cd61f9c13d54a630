package publish_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/openova-io/smtp-mirror/internal/controlplane"
	"github.com/openova-io/smtp-mirror/publish"
	"github.com/openova-io/smtp-mirror/watcher"
	"github.com/openova-io/smtp-mirror/zone"
)

const namespace = "dns"

// cluster is a publisher with the rights of doc.go in front of a real API server.
type cluster struct {
	*publish.DNSEndpoints
	t      *testing.T
	admin  dynamic.Interface
	wanted []zone.Record
}

func clientFor(t *testing.T, cfg *rest.Config) (dynamic.Interface, *kubernetes.Clientset) {
	t.Helper()
	client, err := rest.HTTPClientFor(cfg)
	must(t, err)
	t.Cleanup(func() { utilnet.CloseIdleConnectionsFor(client.Transport) })
	d, err := dynamic.NewForConfigAndClient(cfg, client)
	must(t, err)
	k, err := kubernetes.NewForConfigAndClient(cfg, client)
	must(t, err)
	return d, k
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	plane, err := controlplane.Start(t.Context(), controlplane.Options{})
	if errors.Is(err, controlplane.ErrUnavailable) {
		t.Skip(err)
	}
	must(t, err)
	t.Cleanup(func() { must(t, plane.Close()) })
	admin, typed := clientFor(t, plane.Admin())
	account, err := plane.ServiceAccount(t.Context(), namespace, "smtp-mirror")
	must(t, err)
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "smtp-mirror"}, Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{"externaldns.k8s.io"}, Resources: []string{"dnsendpoints"}, Verbs: []string{"list", "create", "patch", "delete"}}}}
	_, err = typed.RbacV1().Roles(namespace).Create(t.Context(), role, metav1.CreateOptions{})
	must(t, err)
	binding := &rbacv1.RoleBinding{ObjectMeta: role.ObjectMeta, RoleRef: rbacv1.RoleRef{Kind: "Role", Name: role.Name}, Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: "smtp-mirror", Namespace: namespace}}}
	_, err = typed.RbacV1().RoleBindings(namespace).Create(t.Context(), binding, metav1.CreateOptions{})
	must(t, err)
	client, _ := clientFor(t, account)
	c := &cluster{t: t, admin: admin}
	c.DNSEndpoints = &publish.DNSEndpoints{Client: client, Namespace: namespace, Owner: owner, Every: time.Minute,
		Wanted: func() ([]zone.Record, error) { return c.wanted, nil }}
	c.until("the rights are known", func(ctx context.Context) bool {
		_, err := client.Resource(publish.DNSEndpointResource).Namespace(namespace).List(ctx, metav1.ListOptions{})
		return !apierrors.IsForbidden(err)
	})
	return c
}

// until asks again until something is so, which nothing tells.
func (c *cluster) until(what string, done func(context.Context) bool) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !done(ctx) {
		select {
		case <-ctx.Done():
			c.t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

func (c *cluster) install() {
	c.t.Helper()
	text, err := os.ReadFile("testdata/dnsendpoint.yaml")
	must(c.t, err)
	crd := &unstructured.Unstructured{}
	must(c.t, yaml.Unmarshal(text, &crd.Object))
	definitions := c.admin.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	_, err = definitions.Create(c.t.Context(), crd, metav1.CreateOptions{})
	must(c.t, err)
	c.until("the kind is served", func(ctx context.Context) bool {
		_, err := c.objects().List(ctx, metav1.ListOptions{})
		return err == nil
	})
}

func (c *cluster) objects() dynamic.ResourceInterface {
	return c.admin.Resource(publish.DNSEndpointResource).Namespace(namespace)
}

func (c *cluster) run(wanted ...zone.Record) (watcher.Result, error) {
	c.wanted = wanted
	return c.Reconcile(c.t.Context())
}

// writes is how many objects a run that must succeed writes.
func (c *cluster) writes(wanted ...zone.Record) int {
	c.t.Helper()
	result, err := c.run(wanted...)
	must(c.t, err)
	return len(result.Changes)
}

// endpoints are the only endpoint of each object, by type and name.
func (c *cluster) endpoints() map[string]map[string]any {
	c.t.Helper()
	list, err := c.objects().List(c.t.Context(), metav1.ListOptions{})
	must(c.t, err)
	all := map[string]map[string]any{}
	for _, o := range list.Items {
		endpoints, _, err := unstructured.NestedSlice(o.Object, "spec", "endpoints")
		must(c.t, err)
		if len(endpoints) != 1 {
			c.t.Fatalf("%s has %d endpoints", o.GetName(), len(endpoints))
		}
		e := endpoints[0].(map[string]any)
		e["object"], e["version"], e["uid"] = o.GetName(), o.GetResourceVersion(), o.GetUID()
		all[e["recordType"].(string)+" "+e["dnsName"].(string)] = e
	}
	return all
}

// by makes an object as somebody else does.
func (c *cluster) by(name, dnsName, kind string, targets ...any) {
	c.t.Helper()
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "externaldns.k8s.io/v1alpha1", "kind": "DNSEndpoint", "metadata": map[string]any{"name": name},
		"spec": map[string]any{"endpoints": []any{map[string]any{"dnsName": dnsName, "recordType": kind, "targets": targets}}}}}
	_, err := c.objects().Create(c.t.Context(), o, metav1.CreateOptions{})
	must(c.t, err)
}
