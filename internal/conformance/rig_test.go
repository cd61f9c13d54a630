package conformance

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/stalwartsync"
	"github.com/openova-io/smtp-mirror/submission"
	"github.com/openova-io/smtp-mirror/watcher"
)

// rig is the product with one submission: a SOURCE, a wish and a Relay.
type rig struct {
	*suite
	fleet       *stalwart.Fleet
	source      map[string]string
	annotations map[string]string // of the SOURCE // data of the SOURCE
	wish        stalwartsync.Wish
	relay       *stalwartsync.Relay

	dial, serverName string // where the probe dials, and what the certificate must cover
	roots            *x509.CertPool
	proofs           []smtpprobe.Verdict // of the product's own logins
	secrets          []redact.Secret     // that must never be seen
}

// newRig makes a submission with a login that nobody had before. The domain is
// there.
func newRig(t *testing.T, s *suite) *rig {
	t.Helper()
	must(t, s.operator.EnsureDomain(t.Context(), mainDomain))
	return newRigIn(t, s, mainDomain)
}

// newRigIn makes a submission of a domain that need not exist.
func newRigIn(t *testing.T, s *suite, domain string) *rig {
	t.Helper()
	s.logins++
	address := fmt.Sprintf("noreply%d@%s", s.logins, domain)
	host, port, err := net.SplitHostPort(s.SubmissionAddr())
	must(t, err)
	r := &rig{suite: s, fleet: newFleet(t, s, s.tap.URL), dial: net.JoinHostPort(host, port), serverName: hostname, roots: rootsOf(t, s)}
	r.source = map[string]string{
		submission.KeyHost: hostname, submission.KeyPort: port, submission.KeyFrom: address,
		submission.KeyUser: address, submission.KeyPass: "Conf-" + rand.Text(),
	}
	r.wish = stalwartsync.Wish{Domain: domain, ListenerManage: true, ListenerName: "submission", ListenerBind: r.dial}
	r.relay = r.newRelay()
	return r
}

// newFleet makes the product's client, with the right password.
func newFleet(t *testing.T, s Server, url string) *stalwart.Fleet {
	t.Helper()
	fleet, err := stalwart.NewFleet(stalwart.Options{URL: url, Gate: stalwart.NewGate(), Credential: func() (stalwart.Credential, error) {
		user, password := s.Admin()
		return stalwart.Credential{User: user, Password: redact.New(password)}, nil
	}})
	must(t, err)
	t.Cleanup(fleet.CloseAll)
	return fleet
}

func rootsOf(t *testing.T, s Server) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	if s.CAFile() == "" {
		return pool // trusts nobody
	}
	text, err := os.ReadFile(s.CAFile())
	must(t, err)
	pool.AppendCertsFromPEM(text)
	return pool
}

// newRelay makes a Relay that knows nothing yet, as after a start of ours.
func (r *rig) newRelay() *stalwartsync.Relay {
	return &stalwartsync.Relay{
		Submission: "conformance", Fleet: r.fleet, Gate: stalwart.NewGate(), Ledger: &submission.Ledger{},
		Source:  r.secret,
		Wish:    func() (stalwartsync.Wish, error) { return r.wish, nil },
		Pods:    func() []watcher.Incarnation { return nil },
		Proven:  func() {},
		Request: func(submission.Credentials) (smtpprobe.Request, error) { return r.request(), nil },
		Probe: func(ctx context.Context, q smtpprobe.Request) smtpprobe.Result {
			got := smtpprobe.Probe(ctx, q)
			r.proofs = append(r.proofs, got.Verdict)
			return got
		},
	}
}

func (r *rig) secret() (*corev1.Secret, error) {
	s := &corev1.Secret{Data: map[string][]byte{}}
	s.UID, s.Annotations = types.UID("source"), r.annotations
	for key, value := range r.source {
		s.Data[key] = []byte(value)
	}
	return s, nil
}

func (r *rig) request() smtpprobe.Request {
	return smtpprobe.Request{Address: r.dial, ServerName: r.serverName, Roots: r.roots}
}

func (r *rig) user() string     { return r.source[submission.KeyUser] }
func (r *rig) from() string     { return r.source[submission.KeyFrom] }
func (r *rig) password() string { return r.source[submission.KeyPass] }

func (r *rig) login() stalwart.Login { return stalwart.Login{User: r.user(), Domain: r.wish.Domain} }

// address is one more address of the submission's domain, its own among all
// scenarios.
func (r *rig) address(name string) string {
	local, _, _ := strings.Cut(r.from(), "@")
	return name + "-" + local + "@" + r.wish.Domain
}

// directory is the product's view of the server.
func (r *rig) directory(t *testing.T) stalwart.Directory {
	t.Helper()
	d, err := r.fleet.Detect(t.Context())
	must(t, err)
	return d
}

// survey is all that the product sees of the server.
func (r *rig) survey(t *testing.T) stalwart.Survey {
	t.Helper()
	s, err := r.directory(t).Survey(t.Context(), stalwart.Scope{Login: r.login(), Settings: true, AllowedIPs: true, Webhooks: true})
	must(t, err)
	return s
}

// account is the account as the product reads it; it must exist.
func (r *rig) account(t *testing.T) *stalwart.Account {
	t.Helper()
	seen, err := r.directory(t).Survey(t.Context(), stalwart.Scope{Login: r.login()})
	must(t, err)
	a := seen.Account
	if a == nil {
		t.Fatalf("the account %s does not exist", r.user())
	}
	return a
}

// consume logs in as a consumer would, with a password and for senders.
func (r *rig) consume(t *testing.T, password string, senders ...string) smtpprobe.Result {
	t.Helper()
	q := r.request()
	q.User, q.Password, q.Senders = r.user(), redact.New(password), senders
	return smtpprobe.Probe(t.Context(), q)
}

// rotate gives the SOURCE another password.
func (r *rig) rotate(password string) {
	r.secrets = append(r.secrets, redact.New(r.password()))
	r.source[submission.KeyPass] = password
}

// outcome is what one run of the Relay did.
type outcome struct {
	result watcher.Result
	err    error
	writes []request
	proofs []smtpprobe.Verdict
}

// run lets the Relay reconcile once.
func (r *rig) run(t *testing.T) outcome {
	t.Helper()
	mark, before := r.tap.mark(), len(r.proofs)
	result, err := r.relay.Reconcile(t.Context())
	o := outcome{result: result, err: err, proofs: r.proofs[before:]}
	o.writes = slices.DeleteFunc(r.tap.since(mark), func(q request) bool { return !q.writes() })
	r.checkSilence(t, o)
	return o
}

// checkSilence looks for passwords in whatever could be printed.
func (r *rig) checkSilence(t *testing.T, o outcome) {
	t.Helper()
	text := fmt.Sprintf("%+v %v", o.result, o.err)
	_, admin := r.Admin()
	for _, secret := range append(r.secrets, redact.New(r.password()), redact.New(admin)) {
		if strings.Contains(text, secret.Reveal()) {
			t.Error("a password is in the result")
		}
	}
}

// cutAddress splits an address.
func cutAddress(address string) (local, domain string) {
	local, domain, _ = strings.Cut(address, "@")
	return local, domain
}

// loginOf is the login of an account or group by its address.
func loginOf(address string) stalwart.Login {
	_, domain := cutAddress(address)
	return stalwart.Login{User: address, Domain: domain}
}
