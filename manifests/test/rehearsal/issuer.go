//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// issuing is what an authority takes that proves a name in the DNS, made short.
const issuing = 8 * time.Second

// issuer stands in for cert-manager: a Certificate says that it is not ready, gets its Secret
// after a while, and then says that it is. It ends with ctx.
func (g *stage) issuer(ctx context.Context) error {
	client, err := dynamic.NewForConfig(g.plane.Admin())
	if err != nil {
		return err
	}
	if err := g.kind(ctx, client, filepath.Join("testdata", "crds", "certificates.yaml")); err != nil {
		return err
	}
	certificates := client.Resource(schema.GroupVersionResource{Group: "cert-manager.io", Version: "v1", Resource: "certificates"}).Namespace(release)
	served := func(ctx context.Context) bool {
		_, err := certificates.List(ctx, metav1.ListOptions{})
		return err == nil
	}
	if err := g.until(ctx, "Certificates are served", healing, served); err != nil {
		return err
	}
	go g.issue(ctx, certificates)
	return nil
}

// kind makes a CustomResourceDefinition.
func (g *stage) kind(ctx context.Context, client dynamic.Interface, path string) error {
	text, err := os.ReadFile(path) //nolint:gosec // our own
	if err != nil {
		return err
	}
	crd := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(text, &crd.Object); err != nil {
		return fmt.Errorf("parsing %s: %w", path, err)
	}
	_, err = client.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}).Create(ctx, crd, metav1.CreateOptions{})
	return err
}

// issue looks at all Certificates, again and again; what fails is tried the next time.
func (g *stage) issue(ctx context.Context, certificates dynamic.ResourceInterface) {
	const often = 100 * time.Millisecond
	tick := time.NewTicker(often)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		all, err := certificates.List(ctx, metav1.ListOptions{})
		if err != nil {
			continue
		}
		for i := range all.Items {
			c := &all.Items[i]
			switch state := readiness(c); {
			case state == "":
				_ = say(ctx, certificates, c, "False")
			case state == "False" && time.Since(c.GetCreationTimestamp().Time) > issuing:
				_ = g.sign(ctx, certificates, c)
			}
		}
	}
}

func (g *stage) sign(ctx context.Context, certificates dynamic.ResourceInterface, c *unstructured.Unstructured) error {
	names, _, err := unstructured.NestedStringSlice(c.Object, "spec", "dnsNames")
	if err != nil || len(names) == 0 {
		return errors.Join(err, errors.New("a Certificate without names"))
	}
	name, _, err := unstructured.NestedString(c.Object, "spec", "secretName")
	if err != nil {
		return err
	}
	pair, err := g.ca.Server(names...)
	if err != nil {
		return err
	}
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: c.GetNamespace(), Name: name}, Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{corev1.TLSCertKey: pair.Cert, corev1.TLSPrivateKeyKey: pair.Key}}
	if _, err := g.client.CoreV1().Secrets(c.GetNamespace()).Create(ctx, secret, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return say(ctx, certificates, c, "True")
}

// readiness is the status of the one condition, "" where there is none.
func readiness(c *unstructured.Unstructured) string {
	all, _, _ := unstructured.NestedSlice(c.Object, "status", "conditions")
	if len(all) == 0 {
		return ""
	}
	status, _, _ := unstructured.NestedString(all[0].(map[string]any), "status")
	return status
}

func say(ctx context.Context, certificates dynamic.ResourceInterface, c *unstructured.Unstructured, status string) error {
	ready := []any{map[string]any{"type": "Ready", "status": status, "reason": "Issuing", "lastTransitionTime": time.Now().UTC().Format(time.RFC3339)}}
	if err := unstructured.SetNestedSlice(c.Object, ready, "status", "conditions"); err != nil {
		return err
	}
	_, err := certificates.UpdateStatus(ctx, c, metav1.UpdateOptions{})
	return err
}
