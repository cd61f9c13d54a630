package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"k8s.io/client-go/rest"

	"github.com/openova-io/smtp-mirror/audit"
	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/controller"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/watcher"
)

// process is what outlives a change of the configuration: clients, metrics,
// Events, the face.
type process struct {
	*options
	clients controller.Clients
	metrics *audit.Metrics
	queue   *audit.Queue
	events  *audit.Stream // nil in a dry run
	face    *controller.Face
	gates   stalwart.Gates // of logins
}

func newProcess(ctx context.Context, o *options) (*process, error) {
	cfg, err := controller.RESTConfig(o.kubeconfig, "smtp-mirror/"+version())
	if err != nil {
		return nil, err
	}
	return processFor(ctx, o, cfg)
}

func processFor(ctx context.Context, o *options, cfg *rest.Config) (*process, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	audit.RegisterClient(registry)
	p := &process{options: o, metrics: audit.NewMetrics(registry), queue: audit.NewQueue(registry), face: &controller.Face{Registry: registry, Version: version()}}
	var err error
	p.clients, err = controller.NewClients(cfg)
	if err != nil || o.dryRun {
		return p, err
	}
	// Events of the last moment are still written after a SIGTERM.
	p.events, err = audit.NewStream(context.WithoutCancel(ctx), p.clients.Events)
	if err != nil {
		return nil, fmt.Errorf("starting the recorder of events: %w", err)
	}
	return p, nil
}

// build wires a configuration.
func (p *process) build(cfg *config.Config, identity string, observe func(watcher.Transition)) (*controller.Controller, error) {
	o := controller.Options{Config: cfg, Clients: p.clients, Log: p.log, Metrics: p.metrics, Queue: p.queue, Identity: identity, DryRun: p.dryRun, Observe: observe, Gates: &p.gates}
	if p.events != nil {
		o.Events = p.events
	}
	return controller.New(o)
}

func (p *process) close() {
	if p.events != nil {
		p.events.Close()
	}
}

// identity is the Pod's: a container that restarts in the same Pod goes on with
// its own Lease at once.
func identity() string {
	name, uid := os.Getenv("POD_NAME"), os.Getenv("POD_UID")
	if name != "" && uid != "" {
		return name + "_" + uid
	}
	host, _ := os.Hostname()
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails since Go 1.24
	return host + "_" + hex.EncodeToString(random[:])
}

// serve answers HTTP until the function that it returns is called.
func (p *process) serve(cfg *config.Config) (stop func(), err error) {
	listener, err := net.Listen("tcp", cfg.HTTP.Address)
	if err != nil {
		return nil, fmt.Errorf("listening on http.address: %w", err)
	}
	server := &http.Server{Handler: p.face.Handler(cfg.Webhook), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 20 * time.Second, WriteTimeout: 20 * time.Second}
	go func() {
		err := server.Serve(listener)
		if !errors.Is(err, http.ErrServerClosed) {
			p.log.Error("the HTTP server ended", "err", err)
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = server.Shutdown(ctx)
		_ = server.Close()
	}, nil
}
