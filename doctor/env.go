package doctor

import (
	"context"
	"crypto/x509"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/workload"
	"github.com/openova-io/smtp-mirror/zone"
)

// DNS asks name servers. Names are absolute, without the dot at the end; values have
// the form of [zone.Record.Value]. That there is no such record is no error.
type DNS interface {
	// Lookup asks as any receiver of mail would.
	Lookup(ctx context.Context, name, kind string) ([]string, error)
	// Answers asks every authoritative server of the zone that a name is in.
	Answers(ctx context.Context, domain, name, kind string) ([]zone.Answer, error)
}

// Env is what the checks look at. Functions ask somebody, within the time that their
// context leaves; one that is nil leaves its subject unknown.
type Env struct {
	Domain   string // the mail domain
	MailHost string // the name in MX, PTR and HELO, which the certificates must cover
	From     string // the address that PIN mail usually comes from
	DNS      DNS

	Records  func(ctx context.Context) ([]zone.Record, error) // what the domain is to publish; an error beside them says why those of its addresses lack
	Outgoing func(ctx context.Context) ([]netip.Addr, error)  // the addresses that mail leaves from
	Assumed  string                                           // where Outgoing is taken from when nobody has named any; "" = they are named
	Keys     func(ctx context.Context) (Keys, error)          // what Stalwart signs with
	Throttle func(ctx context.Context) ([]stalwart.Throttle, error)

	Endpoints []Endpoint
	Enforced  bool // MTA-STS: senders refuse the mail host without a certificate that is right
	Issued    *Certificate
	Now       func() time.Time

	Port25      string // host or host:port to connect to; "" = the MX of ProofDomain
	ProofDomain string // the domain of the configured recipient of proof mails; "" = none

	Rights  []Right
	Allowed func(ctx context.Context, r Right) (bool, error)

	Submissions []Submission
	Secrets     Hidden

	share *share // of the run that is under way
}

// Endpoint is where a certificate is served.
type Endpoint struct {
	Name   string                                               // for people
	Target func(ctx context.Context) (smtpprobe.Request, error) // its credential is not used
	MX     bool                                                 // port 25, where senders verify only what MTA-STS or DANE asks for
}

// Certificate is one that somebody issues for Stalwart to show.
type Certificate struct {
	Name string // of what holds it, for people

	// Read gives the certificate. A [watcher.HoldError] says that what is there is no good;
	// any other error that nobody knows.
	Read func(ctx context.Context) (*x509.Certificate, error)
}

// Right is one that the configuration needs.
type Right struct{ Namespace, Group, Resource, Name, Verb string }

// Submission is one login and who holds it.
type Submission struct {
	Name    string
	Source  func(ctx context.Context) (submission.Credentials, error)
	Current func(ctx context.Context) (Current, error)
	Mirrors []Mirror
	Request func(c submission.Credentials) (smtpprobe.Request, error)
	Login   bool // log in with the bytes of the mirror
}

// Current is the credential that the mirrors are to hold.
type Current struct {
	Generation int64 // 0 where generations are not counted: then it is the SOURCE's
	User       string
	Password   redact.Secret
}

// Mirror is a target Secret and those who read it.
type Mirror struct {
	Namespace, Name string
	Read            func(ctx context.Context) (*corev1.Secret, error) // nil without an error: it does not exist
	Keys            []map[string]string                               // for each shape, its keys to the fields of the SOURCE
	PhaseLabel      string                                            // its value says whose bytes it holds
	PhaseOwn        string                                            // the value for our own relay
	Consumers       []Consumer
}

// Consumer is who runs on a mirror's bytes.
type Consumer struct {
	Kind, Namespace, Name string
	Annotation            string // that holds the generation it was told
	Read                  func(ctx context.Context) (workload.Observed, error)
}
