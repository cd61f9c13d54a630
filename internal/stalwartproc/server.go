package stalwartproc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
)

// stopGrace is ample; a server ends about a second after it is asked to.
const stopGrace = 15 * time.Second

// Server is a Stalwart that runs, or is stopped and can be started again.
type Server struct {
	options   Options
	temporary bool
	version   string
	edition   edition
	client    *http.Client

	life sync.Mutex // held while the server is started or ended

	mu      sync.Mutex
	process *child.Process
}

// edition is what the generations do differently.
type edition interface {
	// config is the path of the configuration file.
	config() string
	// seed prepares empty data for the first start.
	seed(ctx context.Context) error
	// settle completes a start; fresh says that it was the first.
	settle(ctx context.Context, fresh bool) error
}

// Start prepares the directory, starts the server and waits until it works.
// The server runs until Close, not until ctx ends.
func Start(ctx context.Context, o Options) (*Server, error) {
	generation, version, err := Generation(o.Binary)
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, temporary: o.Dir == "", version: version, client: newClient(&http.Transport{})}
	if err := s.options.complete(); err != nil {
		return nil, err
	}
	s.edition = &v016{s}
	if generation == Generation015 {
		s.edition = &v015{s}
	}
	if err := errors.Join(s.makeDirs(), s.makeCertificates()); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.Start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// newClient makes a client without the process's shared connections, so that
// Close can close its own.
func newClient(transport *http.Transport) *http.Client {
	const patience = 30 * time.Second
	return &http.Client{Transport: transport, Timeout: patience}
}

func (s *Server) makeDirs() error {
	for _, name := range []string{"etc", "data", "logs", "tls"} {
		if err := os.MkdirAll(s.path(name), 0o700); err != nil {
			return fmt.Errorf("make the server's directories: %w", err)
		}
	}
	return nil
}

func (s *Server) path(elements ...string) string {
	return filepath.Join(append([]string{s.options.Dir}, elements...)...)
}

// Start starts a server that is stopped. One that lost its data is prepared
// again as it was for its first start.
func (s *Server) Start(ctx context.Context) error {
	s.life.Lock()
	defer s.life.Unlock()
	if p := s.current(); p != nil && p.Running() {
		return nil
	}
	fresh := !s.seeded()
	if fresh {
		if err := s.seed(ctx); err != nil {
			return fmt.Errorf("prepare the server's data: %w", err)
		}
	}
	if err := s.run(ctx, fresh); err != nil {
		return errors.Join(err, s.end((*child.Process).Kill))
	}
	return nil
}

// seed begins with nothing: what is there without a mark is a first start that
// did not get to its end.
func (s *Server) seed(ctx context.Context) error {
	if err := s.loseData(); err != nil {
		return err
	}
	return s.edition.seed(ctx)
}

func (s *Server) run(ctx context.Context, fresh bool) error {
	log, err := s.openLog("server.log")
	if err != nil {
		return err
	}
	spec := s.spec(s.login().variable())
	spec.Logs = log
	p, err := child.Start(spec)
	if err != nil {
		return errors.Join(err, log.Close())
	}
	go func() {
		<-p.Done()
		_ = log.Close()
	}()
	s.mu.Lock()
	s.process = p
	s.mu.Unlock()
	if err := p.Await(ctx, "the mail server", s.Ready); err != nil {
		return err
	}
	if err := s.edition.settle(ctx, fresh); err != nil {
		return fmt.Errorf("complete the server's start: %w", err)
	}
	if s.NeedsCourier() {
		go s.carry(p)
	}
	return s.mark()
}

// spec describes a process of the server, with an environment that holds
// nothing by accident.
func (s *Server) spec(env ...string) child.Spec {
	return child.Spec{
		Path: s.options.Binary,
		Args: []string{"--config", s.edition.config()},
		Dir:  s.options.Dir,
		Env:  append(env, "HOME="+s.options.Dir, "STALWART_HOSTNAME="+s.options.Hostname),
	}
}

func (s *Server) openLog(name string) (*os.File, error) {
	f, err := os.OpenFile(s.path("logs", name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the server's log: %w", err)
	}
	return f, nil
}

// Stop ends the server in order.
func (s *Server) Stop() error {
	s.life.Lock()
	defer s.life.Unlock()
	return s.end(func(p *child.Process) error { return p.Stop(stopGrace) })
}

// Kill ends the server as a crash would.
func (s *Server) Kill() error {
	s.life.Lock()
	defer s.life.Unlock()
	return s.end((*child.Process).Kill)
}

// Restart stops the server and starts it with the same data.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.Stop(); err != nil {
		return err
	}
	return s.Start(ctx)
}

// Wipe stops the server and loses its data, as a cluster does that puts the
// Pod on an empty volume. The next Start prepares listeners, certificate and
// domain as the first one did; accounts are gone.
func (s *Server) Wipe() error {
	if err := s.Stop(); err != nil {
		return err
	}
	s.life.Lock()
	defer s.life.Unlock()
	return s.loseData()
}

// Close ends the server and removes its temporary directory, if it has one.
func (s *Server) Close() error {
	err := s.Kill()
	s.client.CloseIdleConnections()
	if s.temporary {
		err = errors.Join(err, os.RemoveAll(s.options.Dir))
	}
	return err
}

func (s *Server) end(how func(*child.Process) error) error {
	p := s.current()
	if p == nil {
		return nil
	}
	s.client.CloseIdleConnections()
	return how(p)
}

func (s *Server) current() *child.Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process
}
