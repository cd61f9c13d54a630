package dnsservers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/miekg/dns"

	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
)

// Key is a TSIG key that may update the zone.
type Key struct {
	Name      string // without the dot at the end
	Algorithm string // "hmac-sha256", "hmac-sha512"
	Secret    string // base64
}

// Options are the choices a test has.
type Options struct {
	Zone    string   // without the dot at the end
	Records []string // lines of a zone file with absolute names, beside SOA and NS
	Keys    []Key    // each may update; none = nobody may
	Idle    []Key    // the server knows them, but they may not update
	Logs    io.Writer
}

// Server is a running name server.
type Server struct {
	Name    string // "PowerDNS" or "BIND"
	address string
	dir     string
	process *child.Process
}

// Starters are the servers that there are, by name.
func Starters() map[string]func(context.Context, Options) (*Server, error) {
	return map[string]func(context.Context, Options) (*Server, error){"PowerDNS": StartPowerDNS, "BIND": StartBIND}
}

// Addr is host:port, for UDP and TCP.
func (s *Server) Addr() string { return s.address }

// Close ends the process and removes the directory.
func (s *Server) Close() error {
	var err error
	if s.process != nil {
		err = s.process.Kill() // its data is thrown away
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// Output is the last output of the server.
func (s *Server) Output() string { return s.process.Output() }

// launch is how one of the two is started: it writes what the server reads, and
// returns the command.
type launch func(dir string, port int, o Options) (program string, args []string, err error)

func start(ctx context.Context, name string, o Options, prepare launch) (*Server, error) {
	dir, err := os.MkdirTemp("", "dnsserver-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary directory: %w", err)
	}
	s := &Server{Name: name, dir: dir}
	if err := s.run(ctx, o, prepare); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) run(ctx context.Context, o Options, prepare launch) error {
	port, err := child.FreePort()
	if err != nil {
		return fmt.Errorf("start %s: %w", s.Name, err)
	}
	s.address = child.Address(port)
	program, args, err := prepare(s.dir, port, o)
	if err != nil {
		return fmt.Errorf("start %s: %w", s.Name, err)
	}
	s.process, err = child.Start(child.Spec{Path: program, Args: args, Env: environment(), Dir: s.dir, Logs: o.Logs})
	if err != nil {
		return fmt.Errorf("start %s: %w", s.Name, err)
	}
	const patience = 30 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := s.process.Await(ctx, s.Name, func(ctx context.Context) error { return s.serves(ctx, o.Zone) }); err != nil {
		return fmt.Errorf("start %s: %w", s.Name, err)
	}
	return nil
}

var errNotYet = errors.New("the zone is not served yet")

// serves asks for the zone's SOA.
func (s *Server) serves(ctx context.Context, zone string) error {
	client := dns.Client{Net: "tcp", Timeout: time.Second}
	answer, _, err := client.ExchangeContext(ctx, new(dns.Msg).SetQuestion(dns.Fqdn(zone), dns.TypeSOA), s.address)
	if err != nil {
		return err //nolint:wrapcheck // Await says what was waited for
	}
	if answer.Rcode != dns.RcodeSuccess || len(answer.Answer) == 0 {
		return errNotYet
	}
	return nil
}

// soa and ns are what every zone begins with. The negative TTL is short, as tests
// look for what is not there yet.
func zoneLines(o Options) []string {
	zone := dns.Fqdn(o.Zone)
	return append([]string{
		zone + " 300 IN SOA ns." + zone + " hostmaster." + zone + " 1 3600 600 86400 5",
		zone + " 300 IN NS ns." + zone,
		"ns." + zone + " 300 IN A 127.0.0.1",
	}, o.Records...)
}

func write(dir, name, content string) (string, error) {
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return "", fmt.Errorf("write a file of the server: %w", err)
	}
	return path, nil
}
