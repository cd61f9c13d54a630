//go:build linux

package main

import (
	"crypto/tls"
	"errors"
	"io"
	"net"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
	"github.com/openova-io/smtp-mirror/manifests/test/machine"
)

// The login of phase 1.
const (
	oldUser     = "sovereign-7@mothership.test"
	oldPassword = "phase-1-PASSWORD-of-the-mothership"
)

// mothership is the vendor's relay, which takes one login.
type mothership struct{ server *smtp.Server }

func startMothership(ca *pki.CA) (*mothership, error) {
	pair, err := ca.Server(oldHost)
	if err != nil {
		return nil, err
	}
	certificate, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(machine.Gateway, "587"))
	if err != nil {
		return nil, err
	}
	m := &mothership{smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{}, nil }))}
	m.server.Domain, m.server.TLSConfig = oldHost, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	go func() { _ = m.server.Serve(listener) }() // ends with close
	return m, nil
}

func (m *mothership) close() error { return m.server.Close() }

// session is a connection to it.
type session struct{ known bool }

var errRefused = errors.New("refused")

// AuthMechanisms is PLAIN.
func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth compares.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		s.known = user == oldUser && password == oldPassword
		if !s.known {
			return errRefused
		}
		return nil
	}), nil
}

// Mail takes a sender from who is known.
func (s *session) Mail(string, *smtp.MailOptions) error {
	if !s.known {
		return errRefused
	}
	return nil
}

// Rcpt takes everybody.
func (s *session) Rcpt(string, *smtp.RcptOptions) error { return nil }

// Data drops what comes.
func (s *session) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// Reset forgets nothing.
func (s *session) Reset() {}

// Logout ends nothing.
func (s *session) Logout() error { return nil }
