//go:build linux

package machine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// probe carries the probes out until the container ends: first the one of the start, then
// readiness and liveness beside each other.
func (c *container) probe(ctx context.Context) {
	if p := c.spec.StartupProbe; p != nil && !c.started(ctx, p) {
		return
	}
	if p := c.spec.LivenessProbe; p != nil {
		c.probes.Go(func() { c.watch(ctx, p, nil, c.kill) })
	}
	if p := c.spec.ReadinessProbe; p != nil {
		c.watch(ctx, p, func() { c.ready.Store(true) }, func() { c.ready.Store(false) })
		return
	}
	c.ready.Store(true)
}

// kill is what comes of a container that does not live: it is started again.
func (c *container) kill() { _ = c.cmd.Process.Signal(syscall.SIGTERM) }

// started waits for the first success; after too many failures the container is ended.
func (c *container) started(ctx context.Context, p *corev1.Probe) bool {
	failures := int32(0)
	for c.pause(ctx, p) {
		if c.ask(ctx, p) == nil {
			return true
		}
		if failures++; failures >= max(p.FailureThreshold, 1) {
			c.kill()
			return false
		}
	}
	return false
}

// watch asks again and again. It starts at once: nobody waits for a period that has not
// begun.
func (c *container) watch(ctx context.Context, p *corev1.Probe, good, bad func()) {
	failures := int32(0)
	for more := true; more; more = c.pause(ctx, p) {
		if c.ask(ctx, p) == nil {
			failures = 0
			if good != nil {
				good()
			}
			continue
		}
		if failures++; failures >= max(p.FailureThreshold, 1) && ctx.Err() == nil {
			bad()
		}
	}
}

// pause waits for the next round, and is false at the end.
func (c *container) pause(ctx context.Context, p *corev1.Probe) bool {
	select {
	case <-ctx.Done():
		return false
	case <-c.done:
		return false
	case <-time.After(time.Duration(max(p.PeriodSeconds, 1)) * time.Second):
		return true
	}
}

var errUnknownProbe = errors.New("a probe of a kind that is not known here")

func (c *container) ask(ctx context.Context, p *corev1.Probe) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(max(p.TimeoutSeconds, 1))*time.Second)
	defer cancel()
	switch {
	case p.Exec != nil:
		return c.exec(ctx, p.Exec.Command)
	case p.HTTPGet != nil:
		return get(ctx, fmt.Sprintf("http://%s%s", net.JoinHostPort(c.sandbox.IP(), c.port(p.HTTPGet.Port.String())), p.HTTPGet.Path))
	case p.TCPSocket != nil:
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(c.sandbox.IP(), c.port(p.TCPSocket.Port.String())))
		if err == nil {
			err = conn.Close()
		}
		return err
	}
	return errUnknownProbe
}

// exec runs a command in the container.
func (c *container) exec(ctx context.Context, argv []string) error {
	cmd := c.command(argv)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := c.begin(cmd); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out.Bytes()))
	}
	return nil
}

// port is a number, or the name of one.
func (c *container) port(name string) string {
	for _, p := range c.spec.Ports {
		if p.Name == name {
			return fmt.Sprint(p.ContainerPort)
		}
	}
	return name
}

// get asks as a kubelet does: by a connection of its own.
func get(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusBadRequest {
		return errors.New(url + " answers " + response.Status)
	}
	return nil
}
