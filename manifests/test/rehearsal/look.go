//go:build linux

package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/openova-io/smtp-mirror/internal/crowd"
	"github.com/openova-io/smtp-mirror/manifests/test/machine"
	"github.com/openova-io/smtp-mirror/redact"
)

// proven waits until the mirror names our own relay.
func (g *stage) proven(ctx context.Context) error {
	return g.until(ctx, "the mirror names our own relay", healing, func(ctx context.Context) bool {
		return g.data(ctx, mirrorNS, mirror)["smtp-host"] == mailHost
	})
}

// recordsHave looks into records.json.
func (g *stage) recordsHave(ctx context.Context, what string) bool {
	m, err := g.client.CoreV1().ConfigMaps(release).Get(ctx, release+"-dns-records-required", metav1.GetOptions{})
	return err == nil && strings.Contains(m.Data["records.json"], what)
}

// lives names the Pods of the release with what marks a restart.
func (g *stage) lives(ctx context.Context) (string, error) {
	pods, err := g.client.CoreV1().Pods(release).List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", err
	}
	var all []string
	for _, p := range pods.Items {
		for _, s := range p.Status.ContainerStatuses {
			all = append(all, fmt.Sprint(p.Name, " ", p.UID, " ", s.ContainerID))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n"), nil
}

// podOf finds the Pod whose name an identity begins with.
func (g *stage) podOf(ctx context.Context, identity string) (string, error) {
	pods, err := g.client.CoreV1().Pods(release).List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", err
	}
	for _, p := range pods.Items {
		if strings.HasPrefix(identity, p.Name) {
			return p.Name, nil
		}
	}
	return "", fmt.Errorf("no Pod is %s", identity)
}

// takes tells whether another Pod than an old one takes a login with the mirror's bytes.
func (g *stage) takes(ctx context.Context, old types.UID) bool {
	pod, err := g.client.CoreV1().Pods(release).Get(ctx, release+"-0", metav1.GetOptions{})
	if err != nil || pod.UID == old || len(pod.Status.ContainerStatuses) == 0 || !pod.Status.ContainerStatuses[0].Ready {
		return false
	}
	now, roots := g.data(ctx, mirrorNS, mirror), x509.NewCertPool()
	roots.AppendCertsFromPEM(g.ca.PEM())
	time.Sleep(pace) // the node's own address has five connections in a second too
	return crowd.Login{Address: net.JoinHostPort(pod.Status.PodIP, "587"), From: net.ParseIP(machine.Gateway), ServerName: mailHost, Roots: roots,
		User: now["smtp-user"], Password: redact.New(now["smtp-pass"]), Sender: now["smtp-from"]}.Try(ctx).Outcome == crowd.Accepted
}

// converged tells whether the relay of the controller that leads is.
func (g *stage) converged(ctx context.Context) bool {
	pods, err := g.client.CoreV1().Pods(release).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=smtp-mirror"})
	if err != nil {
		return false
	}
	for _, p := range pods.Items {
		var status struct {
			Leader  bool
			Targets []struct{ Name, Outcome string }
		}
		if fetch(ctx, "http://"+net.JoinHostPort(p.Status.PodIP, "9090")+"/status", &status) != nil || !status.Leader {
			continue
		}
		for _, t := range status.Targets {
			if strings.HasPrefix(t.Name, "relay/") && t.Outcome == "Converged" {
				return true
			}
		}
	}
	return false
}

// fetch reads JSON.
func fetch(ctx context.Context, url string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	return json.NewDecoder(response.Body).Decode(into)
}

// settled waits until the consumer has logged in after now.
func (g *stage) settled(ctx context.Context) error {
	now := time.Now()
	return g.until(ctx, "the consumer logs in", healing, func(context.Context) bool {
		t, err := g.logins()
		return err == nil && t.last.After(now)
	})
}
