package stalwartproc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"

	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
)

// errNotReady says that the server answers, but not as one that works.
var errNotReady = errors.New("not ready")

// URL is the base of the management API; empty without the HTTP listener.
func (s *Server) URL() string {
	if s.options.HTTPPort == NoListener {
		return ""
	}
	return "http://" + child.Address(s.options.HTTPPort)
}

// SubmissionAddr is host:port of the submission listener, which offers
// STARTTLS; empty without it.
func (s *Server) SubmissionAddr() string { return addressOf(s.options.SubmissionPort) }

// SubmissionsAddr is host:port of the submission listener that begins with
// TLS; empty without it.
func (s *Server) SubmissionsAddr() string { return addressOf(s.options.SubmissionsPort) }

func addressOf(port int) string {
	if port == NoListener {
		return ""
	}
	return child.Address(port)
}

// Admin is the administrator who needs no account in the data.
func (s *Server) Admin() (user, password string) {
	return s.options.AdminUser, s.options.AdminPassword
}

// SetAdminPassword changes what the next Start gives the server: 0.15 reads it from
// a file, 0.16 from its environment. The server must be stopped.
func (s *Server) SetAdminPassword(password string) error {
	s.options.AdminPassword = password
	file := s.path("etc", "admin-password")
	if !exists(file) {
		return nil
	}
	return writeFile(file, []byte(password))
}

// Version is what the binary says it is.
func (s *Server) Version() string { return s.version }

// PID is the process ID; 0 before the first start.
func (s *Server) PID() int {
	if p := s.current(); p != nil {
		return p.PID()
	}
	return 0
}

// Done is closed when the process that was started last has ended.
func (s *Server) Done() <-chan struct{} {
	if p := s.current(); p != nil {
		return p.Done()
	}
	ended := make(chan struct{})
	close(ended)
	return ended
}

// Ready returns nil when every listener answers.
func (s *Server) Ready(ctx context.Context) error {
	if s.URL() != "" {
		if err := healthy(ctx, s.client, s.URL()); err != nil {
			return err
		}
	}
	if address := s.SubmissionAddr(); address != "" {
		if err := greets(ctx, address); err != nil {
			return err
		}
	}
	if address := s.SubmissionsAddr(); address != "" {
		return accepts(ctx, address)
	}
	return nil
}

func healthy(ctx context.Context, client *http.Client, base string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/healthz/ready", nil)
	if err != nil {
		return fmt.Errorf("ask for the server's health: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("ask for the server's health: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return fmt.Errorf("read the server's health: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: health is %s", errNotReady, response.Status)
	}
	return nil
}

// greets expects the SMTP greeting.
func greets(ctx context.Context, address string) error {
	const ready = 220
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("connect to the submission port: %w", err)
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if _, _, err := textproto.NewConn(conn).ReadResponse(ready); err != nil {
		return fmt.Errorf("read the SMTP greeting: %w", err)
	}
	return nil
}

func accepts(ctx context.Context, address string) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("connect to the submissions port: %w", err)
	}
	return conn.Close()
}
