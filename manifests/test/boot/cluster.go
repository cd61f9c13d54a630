package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/yaml"

	"github.com/openova-io/smtp-mirror/internal/controlplane"
	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
	charts "github.com/openova-io/smtp-mirror/manifests/test"
)

// The names of the installation.
const (
	release  = "stalwart-sovereign"
	fqdn     = "sovereign.test"
	mailHost = "mail." + fqdn
	mirrorNS = "catalyst-system"
	mirror   = "sovereign-smtp-credentials"
	tlsName  = "mail-tls"
)

// cluster is the control plane with the objects of the release.
type cluster struct {
	*controlplane.ControlPlane
	client  kubernetes.Interface
	objects []*unstructured.Unstructured
	ca      *pki.CA
}

// values are those of somebody who has a certificate and no way to the Internet.
func values(stalwart string) map[string]any {
	return map[string]any{
		"sovereignFQDN": fqdn,
		"stalwart": map[string]any{"command": []any{stalwart}, "bind": "127.0.0.1",
			"store": map[string]any{"@type": "Sqlite", "path": "/var/lib/stalwart/data.sqlite"}},
		"certificate": map[string]any{"existingSecret": tlsName},
		"smtp-mirror": map[string]any{"config": map[string]any{"dns": map[string]any{"look": false}}},
	}
}

// newCluster starts the API server, renders the chart, and applies what came out.
func newCluster(ctx context.Context, dir, chart, stalwart string) (*cluster, error) {
	plane, err := controlplane.Start(ctx, controlplane.Options{Dir: filepath.Join(dir, "control-plane")})
	if err != nil {
		return nil, err
	}
	c := &cluster{ControlPlane: plane}
	c.client, err = kubernetes.NewForConfig(plane.Admin())
	if err != nil {
		return c, err
	}
	if err := c.surroundings(ctx); err != nil {
		return c, err
	}
	rendered, err := charts.Render(chart, charts.Release{Name: release, Namespace: release, Values: values(stalwart)})
	if err != nil {
		return c, err
	}
	if c.objects, err = parse(rendered.Files); err != nil {
		return c, err
	}
	return c, c.apply(ctx)
}

// surroundings are what the platform has made before: namespaces, the certificate, and the
// mirror Secret of phase 1.
func (c *cluster) surroundings(ctx context.Context) error {
	for _, name := range []string{release, mirrorNS} {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}}}
		if _, err := c.client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	var err error
	if c.ca, err = pki.NewCA("the authority of the platform"); err != nil {
		return err
	}
	pair, err := c.ca.Server(mailHost)
	if err != nil {
		return err
	}
	for _, s := range []*corev1.Secret{
		{ObjectMeta: metav1.ObjectMeta{Namespace: release, Name: tlsName}, Type: corev1.SecretTypeTLS, Data: map[string][]byte{corev1.TLSCertKey: pair.Cert, corev1.TLSPrivateKeyKey: pair.Key}},
		{ObjectMeta: metav1.ObjectMeta{Namespace: mirrorNS, Name: mirror, Labels: map[string]string{"app.kubernetes.io/managed-by": "catalyst-api"}},
			StringData: map[string]string{"smtp-host": "mail.mothership.test", "smtp-port": "587", "smtp-user": "phase-1", "smtp-pass": "phase-1-PASSWORD"}},
	} {
		if _, err := c.client.CoreV1().Secrets(s.Namespace).Create(ctx, s, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// parse reads the documents in the order in which Helm installs them, as far as it matters
// here: a ServiceAccount and what is mounted before who uses it.
func parse(files map[string]string) ([]*unstructured.Unstructured, error) {
	var all []*unstructured.Unstructured
	for name, text := range files {
		for _, document := range strings.Split(text, "\n---") {
			u := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(document), &u.Object); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if u.Object != nil && u.GetKind() != "" {
				all = append(all, u)
			}
		}
	}
	late := []string{"StatefulSet", "Deployment", "Pod"}
	slices.SortStableFunc(all, func(a, b *unstructured.Unstructured) int {
		return slices.Index(late, a.GetKind()) - slices.Index(late, b.GetKind())
	})
	return all, nil
}

// apply is server-side, with strict validation; the Pod of `helm test` is left for later.
func (c *cluster) apply(ctx context.Context) error {
	client, err := dynamic.NewForConfig(c.Admin())
	if err != nil {
		return err
	}
	lists, err := discovery.NewDiscoveryClientForConfig(c.Admin())
	if err != nil {
		return err
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(lists))
	for _, u := range c.objects {
		mapping, err := mapper.RESTMapping(u.GroupVersionKind().GroupKind(), u.GroupVersionKind().Version)
		if err != nil {
			return fmt.Errorf("%s %s: %w", u.GetKind(), u.GetName(), err)
		}
		if u.GetKind() == "Pod" {
			continue
		}
		_, err = client.Resource(mapping.Resource).Namespace(u.GetNamespace()).Create(ctx, u, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
		if err != nil {
			return fmt.Errorf("%s %s: %w", u.GetKind(), u.GetName(), err)
		}
	}
	return nil
}

// object gives a rendered object as its type.
func object[T any](c *cluster, kind string) (*T, error) {
	for _, u := range c.objects {
		if u.GetKind() == kind {
			out := new(T)
			return out, runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, out)
		}
	}
	return nil, fmt.Errorf("no %s was rendered", kind)
}

// credentials are what a kubelet mounts into every Pod whose ServiceAccount has a token.
func (c *cluster) credentials(ctx context.Context, namespace, account, dir string) (environment []string, err error) {
	config, err := c.ServiceAccount(ctx, namespace, account)
	if err != nil {
		return nil, err
	}
	for name, text := range map[string][]byte{"token": []byte(config.BearerToken), "ca.crt": config.CAData, "namespace": []byte(namespace)} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil { //nolint:gosec // the Pod's user reads it
			return nil, err
		}
	}
	host, port, _ := strings.Cut(strings.TrimPrefix(config.Host, "https://"), ":")
	return []string{"KUBERNETES_SERVICE_HOST=" + host, "KUBERNETES_SERVICE_PORT=" + port}, nil
}

// secret gives the value of a key.
func (c *cluster) secret(ctx context.Context, namespace, name, key string) (string, error) {
	s, err := c.client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("the secret %s/%s: %w", namespace, name, err)
	}
	if _, there := s.Data[key]; !there {
		return "", fmt.Errorf("the secret %s/%s has no key %s", namespace, name, key)
	}
	return string(s.Data[key]), nil
}
