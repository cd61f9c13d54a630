package rig

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
	"github.com/openova-io/smtp-mirror/internal/stalwartproc"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
)

// The names that every rig uses.
const (
	Domain    = "example.test"
	MailHost  = "mail.example.test"
	AdminUser = "postmaster"
)

// Mail is a Stalwart, real or not, with a certificate for [MailHost].
type Mail interface {
	URL() string
	SubmissionAddr() string
	CAFile() string
	Admin() (user, password string)
	SetAdminPassword(password string) error // effective with the next Start; the server must be stopped
	Start(ctx context.Context) error
	Stop() error
	Wipe() error // the data volume is lost; effective with the next Start
	Close() error
	Describe() string // "Stalwart 0.16.18 (real)"
	Real() bool
}

// MailOptions choose a mail server.
type MailOptions struct {
	Binary  string // "" = the stand-in
	Version string // of the stand-in
	Dir     string
	Domain  string // "" = an empty server

	Outside *stalwartproc.Outside // where its mail for other domains goes; who has logged in is exempt from the throttle per recipient then

	StandIn func(*stalwarttest.Options) // changes the stand-in; unused with a Binary
}

// FindStalwart gives the binary of a real Stalwart: STALWART_BIN, else what
// `make stalwart` has installed, else "". STALWART_BIN=stand-in asks for none.
func FindStalwart() string {
	if bin := os.Getenv("STALWART_BIN"); bin != "" {
		return strings.TrimSuffix(bin, "stand-in")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	bin := filepath.Join(cache, "smtp-mirror", "stalwart-lite-0.16.0", "bin", "stalwart")
	if _, err := os.Stat(bin); err != nil {
		return ""
	}
	return bin
}

// adminPassword is a test value.
const adminPassword = "admin-PASSWORD-of-the-rig-0"

// StartMail starts a mail server.
func StartMail(ctx context.Context, o MailOptions) (Mail, error) {
	if o.Binary == "" {
		return startStandIn(o)
	}
	server, err := stalwartproc.Start(ctx, stalwartproc.Options{Binary: o.Binary, Dir: o.Dir, Domain: o.Domain, Hostname: MailHost, AdminUser: AdminUser, AdminPassword: adminPassword,
		KeepThrottle: true, Outside: o.Outside, ExemptAuthenticated: o.Outside != nil})
	if err != nil {
		return nil, fmt.Errorf("starting the real Stalwart: %w", err)
	}
	generation, _, err := stalwartproc.Generation(o.Binary)
	if err != nil {
		return nil, fmt.Errorf("identifying the real Stalwart: %w", err)
	}
	return &realMail{server, generation}, nil
}

type realMail struct {
	*stalwartproc.Server
	generation string
}

// Describe names the server: what it calls itself, and the API that it speaks.
func (m *realMail) Describe() string {
	return "a real Stalwart, version " + m.Version() + ", API of " + m.generation
}

// Real is true.
func (m *realMail) Real() bool { return true }

type standIn struct {
	*stalwarttest.Server
	version, caFile string
}

func startStandIn(o MailOptions) (Mail, error) {
	certificate, caFile, err := certificate(o.Dir)
	if err != nil {
		return nil, err
	}
	version := o.Version
	if version == "" {
		version = "0.16.18"
	}
	options := stalwarttest.Options{Version: version, Domain: o.Domain, Hostname: MailHost, AdminUser: AdminUser, AdminPassword: adminPassword, Certificate: certificate}
	if o.Outside != nil {
		options.Relay = child.Address(o.Outside.Port)
	}
	if o.StandIn != nil {
		o.StandIn(&options)
	}
	s, err := stalwarttest.Start(options)
	if err != nil {
		return nil, fmt.Errorf("starting the stand-in: %w", err)
	}
	return &standIn{s, version, caFile}, nil
}

// StandIn gives the stand-in behind a mail server; nil where it is a real one.
func StandIn(m Mail) *stalwarttest.Server {
	if s, ok := m.(*standIn); ok {
		return s.Server
	}
	return nil
}

// certificate makes a CA and a server certificate; the CA is written to a file.
func certificate(dir string) (*tls.Certificate, string, error) {
	if dir == "" {
		return nil, "", errors.New("the stand-in needs a directory for its CA")
	}
	ca, err := pki.NewCA("rig")
	if err != nil {
		return nil, "", fmt.Errorf("making a CA: %w", err)
	}
	pair, err := ca.Server(MailHost, "localhost", "127.0.0.1")
	if err != nil {
		return nil, "", fmt.Errorf("making a certificate: %w", err)
	}
	loaded, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		return nil, "", fmt.Errorf("loading the certificate: %w", err)
	}
	file := filepath.Join(dir, "ca.pem")
	return &loaded, file, os.WriteFile(file, ca.PEM(), 0o600)
}

// Start starts it again.
func (m *standIn) Start(context.Context) error { return m.Server.Start() }

// SetAdminPassword changes what the next Start reads.
func (m *standIn) SetAdminPassword(password string) error {
	m.Server.SetAdminPassword(password)
	return nil
}

// Wipe loses the data.
func (m *standIn) Wipe() error {
	m.Server.Wipe()
	return nil
}

// CAFile is the authority of its certificate.
func (m *standIn) CAFile() string { return m.caFile }

// Describe names what it imitates.
func (m *standIn) Describe() string { return "the stand-in, which speaks as Stalwart " + m.version }

// Real is false.
func (m *standIn) Real() bool { return false }
