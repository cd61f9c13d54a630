package stalwartproc

import (
	"errors"
	"fmt"
	"os"

	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
)

// CAFile is the certificate of the authority that signed the server's, PEM;
// empty with FreshCertificate.
func (s *Server) CAFile() string {
	if s.options.FreshCertificate {
		return ""
	}
	return s.path("tls", "ca.pem")
}

func (s *Server) certFile() string { return s.path("tls", "cert.pem") }
func (s *Server) keyFile() string  { return s.path("tls", "key.pem") }

// makeCertificates makes an authority and a server certificate. Those of an
// earlier server in the same directory stay, as its data names them.
func (s *Server) makeCertificates() error {
	if s.options.FreshCertificate || exists(s.CAFile()) {
		return nil
	}
	ca, err := pki.NewCA("mail test")
	if err != nil {
		return err
	}
	names := []string{s.options.Hostname, "127.0.0.1"}
	if s.options.Hostname != "localhost" {
		names = append(names, "localhost")
	}
	server, err := ca.Server(names...)
	if err != nil {
		return err
	}
	return errors.Join(
		writeFile(s.certFile(), server.Cert),
		writeFile(s.keyFile(), server.Key),
		writeFile(s.CAFile(), ca.PEM()), // last, as it tells that the others are there
	)
}

// MountCertificate replaces the files that the server was configured with, as a
// kubelet does after a renewal. They are read at the next start or reload.
func (s *Server) MountCertificate(certificate, key []byte) error {
	return errors.Join(writeFile(s.certFile(), certificate), writeFile(s.keyFile(), key))
}

// MountedCertificate reads those files.
func (s *Server) MountedCertificate() (certificate, key []byte, err error) {
	certificate, err = os.ReadFile(s.certFile())
	if err != nil {
		return nil, nil, fmt.Errorf("read the server's certificate: %w", err)
	}
	key, err = os.ReadFile(s.keyFile())
	if err != nil {
		return nil, nil, fmt.Errorf("read the key of the server's certificate: %w", err)
	}
	return certificate, key, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
