//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// describe says how the Pods are, for whoever has to find out why something failed.
func (g *stage) describe(ctx context.Context) error {
	pods, err := g.client.CoreV1().Pods("").List(context.WithoutCancel(ctx), metav1.ListOptions{})
	if err != nil {
		return err
	}
	var out strings.Builder
	for _, p := range pods.Items {
		fmt.Fprintf(&out, "Pod %s/%s: %s\n", p.Namespace, p.Name, p.Status.Phase)
		for _, s := range append(p.Status.InitContainerStatuses, p.Status.ContainerStatuses...) {
			fmt.Fprintf(&out, "  %s: ready %v, restarts %d, %+v\n", s.Name, s.Ready, s.RestartCount, s.State)
		}
	}
	return errors.New(out.String())
}
