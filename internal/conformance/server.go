package conformance

import (
	"context"

	"github.com/openova-io/smtp-mirror/internal/outside"
	"github.com/openova-io/smtp-mirror/stalwart"
)

// Server is a mail server under test, on the loopback interface. It starts with
// listeners and a certificate but without any domain or account.
type Server interface {
	Label() string // "0.16.18 (real)"
	Generation() stalwart.Generation
	Version() string // what the server says it is
	URL() string     // of the management API
	Admin() (user, password string)
	SubmissionAddr() string  // offers STARTTLS
	SubmissionsAddr() string // speaks TLS from the first byte
	Outside() *outside.World // where it delivers what is for other domains
	CAFile() string          // PEM; "" where the certificate cannot be verified
	// MountCertificate replaces the files of the certificate that 0.15 reads.
	MountCertificate(certificate, key []byte) error
	MountedCertificate() (certificate, key []byte, err error)
	Stop(ctx context.Context) error
	Start(ctx context.Context) error
	Restart(ctx context.Context) error
	// Wipe loses the data volume; the server is up again when it returns.
	Wipe(ctx context.Context) error
}
