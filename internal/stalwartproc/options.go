package stalwartproc

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/openova-io/smtp-mirror/internal/controlplane/child"
)

// NoListener as a port leaves the listener out.
const NoListener = -1

// errNoListener exists because generation 0.16 without any listener would
// make its own, on every interface.
var errNoListener = errors.New("at least one listener is needed")

// Options are the choices a test has. Binary is the only one it must make.
type Options struct {
	Binary string
	// Dir holds configuration, data, certificates and logs. Empty means a
	// temporary directory that Close removes. A directory that an earlier
	// server used keeps its data; ports and administrator must then be the
	// same again.
	Dir string
	// Domain is created with the data; empty means none.
	Domain string
	// Hostname is what the server calls itself; mail.example.test when empty.
	Hostname string
	// AdminUser must be in lower case, and AdminPassword must not begin with
	// $, { or _, which announce a hash. The defaults are "admin" and a random
	// password.
	AdminUser, AdminPassword string
	// Ports: 0 is a free one, NoListener none. Without the HTTP listener
	// nothing can be managed: generation 0.15 has no Domain then.
	HTTPPort, SubmissionPort, SubmissionsPort int
	// KeepThrottle keeps the limit of five connections a second.
	KeepThrottle bool
	// ExemptAuthenticated keeps the throttles as shipped, but not for those who
	// have logged in; it wants KeepThrottle.
	ExemptAuthenticated bool
	// Outside is where mail for other domains goes; nil leaves it to the public DNS.
	Outside *Outside
	// NoDKIM keeps generation 0.16 from making signing keys for the domain.
	NoDKIM bool
	// FreshCertificate leaves the server with the certificate for localhost
	// that it signs itself, anew at each start, which nobody can verify.
	FreshCertificate bool
	// AllowWildcard permits the first start of generation 0.16 to listen on
	// every interface, for about two seconds and with a password made for
	// them, where a private network namespace is not to be had.
	AllowWildcard bool
}

// complete fills in the defaults.
func (o *Options) complete() error {
	if o.Hostname == "" {
		o.Hostname = "mail.example.test"
	}
	if o.AdminUser == "" {
		o.AdminUser = "admin"
	}
	if o.AdminPassword == "" {
		o.AdminPassword = rand.Text()
	}
	if err := o.choosePorts(); err != nil {
		return err
	}
	return o.chooseDir()
}

func (o *Options) choosePorts() error {
	wanted := []*int{&o.HTTPPort, &o.SubmissionPort, &o.SubmissionsPort}
	free, err := child.FreePorts(len(wanted))
	if err != nil {
		return err
	}
	any := false
	for i, port := range wanted {
		if *port == 0 {
			*port = free[i]
		}
		any = any || *port != NoListener
	}
	if !any {
		return errNoListener
	}
	return nil
}

func (o *Options) chooseDir() error {
	var err error
	if o.Dir == "" {
		o.Dir, err = os.MkdirTemp("", "stalwart-")
	} else {
		o.Dir, err = filepath.Abs(o.Dir)
	}
	if err != nil {
		return fmt.Errorf("choose the server's directory: %w", err)
	}
	return nil
}
