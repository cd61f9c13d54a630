//go:build linux

package machine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"

	"github.com/vishvananda/netlink"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/openova-io/smtp-mirror/internal/nodetest"
)

// Options of a machine.
type Options struct {
	// Dir is that of [Dir].
	Dir string
	// Ours is the program of the image whose name has OurImage in it.
	Ours, OurImage string
	// Programs are what other images have beside this machine's own files: a path in every
	// container, and the program here.
	Programs map[string]string
	// Authority is the certificate that all containers trust.
	Authority []byte
	// Hosts are names outside of the cluster's domain: an address, or the Service
	// "namespace/name" that they lead to.
	Hosts map[string]string
}

// Machine is a running node.
type Machine struct {
	*nodetest.Node

	options Options
	client  kubernetes.Interface
	network *network
	names   *names
	api     net.Listener
	cancel  context.CancelFunc
	work    sync.WaitGroup
}

// Isolate is the first thing that a program does in its namespaces.
func Isolate() error { return isolate() }

// Start brings the network up and runs all Pods until Close. The configuration is an
// administrator's.
func Start(ctx context.Context, config *rest.Config, o Options) (*Machine, error) {
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	m := &Machine{options: o, cancel: cancel}
	if err := m.start(ctx, life, config); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

func (m *Machine) start(ctx, life context.Context, config *rest.Config) (err error) {
	if m.client, err = kubernetes.NewForConfig(config); err != nil {
		return err
	}
	if m.network, err = newNetwork(); err != nil {
		return err
	}
	if m.names, err = m.startNames(); err != nil {
		return err
	}
	if err := errors.Join(m.forward(config.Host), m.balance(life)); err != nil {
		return err
	}
	m.Node, err = nodetest.Start(ctx, config, nodetest.Options{Sandbox: m.sandbox})
	return err
}

// Close ends all Pods, and whatever was started.
func (m *Machine) Close() error {
	var all []error
	if m.Node != nil {
		m.Stop()
	}
	m.cancel()
	if m.names != nil {
		m.names.close()
	}
	if m.api != nil {
		all = append(all, m.api.Close())
	}
	if m.network != nil {
		all = append(all, netlink.LinkDel(m.network.bridge))
	}
	m.work.Wait()
	return errors.Join(all...)
}

// forward lets Pods reach the API server where they expect it.
func (m *Machine) forward(host string) error {
	to, err := url.Parse(host)
	if err != nil {
		return err
	}
	m.api, err = net.Listen("tcp", net.JoinHostPort(services.String(), "443"))
	if err != nil {
		return fmt.Errorf("listening for the API server: %w", err)
	}
	m.work.Go(func() {
		for {
			conn, err := m.api.Accept()
			if err != nil {
				return // closed
			}
			go pass(conn, to.Host)
		}
	})
	return nil
}

// pass carries bytes both ways until one side ends.
func pass(from net.Conn, host string) {
	defer func() { _ = from.Close() }()
	to, err := net.Dial("tcp", host)
	if err != nil {
		return // the client sees a connection that is closed
	}
	defer func() { _ = to.Close() }()
	go func() {
		_, _ = io.Copy(to, from)
		_, _ = to.Close(), from.Close()
	}()
	_, _ = io.Copy(from, to)
}
