package conformance

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"testing"
	"time"

	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
	"github.com/openova-io/smtp-mirror/redact"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/tlscert"
	"github.com/openova-io/smtp-mirror/watcher"
)

func certificates() []scenario {
	return []scenario{
		{name: "a certificate is installed, renewed, and the old one removed", only: stalwart.Gen016, run: certificateRenewed},
		{name: "a renewed certificate that ends earlier takes over", only: stalwart.Gen016, run: certificateShortened},
		{name: "a certificate of somebody else is left alone", only: stalwart.Gen016, run: certificateOfOthers},
		{name: "a wrong key is taken without a word, and ends every handshake", only: stalwart.Gen016, run: certificateWrongKey},
		{name: "a key that cannot be read is told, and the others are in use", only: stalwart.Gen016, run: certificateBlocked},
		{name: "a key of our own may bring a certificate into use", only: stalwart.Gen016, run: certificateWithOwnKey},
		{name: "mounted files of a certificate are read again", only: stalwart.Gen015, run: certificateMounted},
		{name: "a wrong key in mounted files ends every handshake", only: stalwart.Gen015, run: certificateMountedWrongKey},
	}
}

// day is the life of the certificate that a server under test begins with.
const day = 24 * time.Hour

const certificateOwner = "conformance/tls"

// secured is a server whose certificate is kept.
type secured struct {
	*rig
	ca     *pki.CA
	source pki.Pair
	keeper *tlscert.Keeper
}

func newSecured(t *testing.T, s *suite) *secured {
	t.Helper()
	c := &secured{rig: newRig(t, s)}
	var err error
	c.ca, err = pki.NewCA("another authority")
	must(t, err)
	c.keeper = &tlscert.Keeper{Host: hostname, Owner: certificateOwner, Fleet: c.fleet, Where: func() (string, bool) { return c.dial, false }, Pods: func() []watcher.Incarnation { return nil },
		Source: func() ([]byte, []byte, error) { return c.source.Cert, c.source.Key, nil }}
	if s.Generation() == stalwart.Gen016 {
		t.Cleanup(func() { c.clear(t) })
	}
	return c
}

// clear ends every certificate that bears a mark: the scenarios share a server.
func (c *secured) clear(t *testing.T) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	d, err := c.fleet.Detect(ctx)
	must(t, err)
	must(t, d.UseCertificate(ctx, ""))
	all, err := d.Certificates(ctx)
	must(t, err)
	for _, one := range all {
		if one.Owner != "" {
			must(t, d.DestroyCertificate(ctx, one))
		}
	}
	must(t, d.ReloadCertificates(ctx))
}

func (c *secured) issue(t *testing.T, life time.Duration, names ...string) pki.Pair {
	t.Helper()
	pair, err := c.ca.ServerUntil(time.Now().Add(life), names...)
	must(t, err)
	return pair
}

// keep runs the Keeper, and wants these changes.
func (c *secured) keep(t *testing.T, changes ...string) {
	t.Helper()
	result, err := c.keeper.Reconcile(t.Context())
	must(t, err)
	var got []string
	for _, change := range result.Changes {
		got = append(got, change.Reason)
	}
	if !slices.Equal(got, changes) {
		t.Errorf("it changed %q, not %q", got, changes)
	}
}

func leafOf(t *testing.T, p pki.Pair) string {
	t.Helper()
	block, _ := pem.Decode(p.Cert)
	return stalwart.Fingerprint(block.Bytes)
}

// shake tries again where the connection is closed: the servers of 0.15 take about five a
// second, and these scenarios look more often than that.
func shake(t *testing.T, q smtpprobe.Request) ([]*x509.Certificate, smtpprobe.Result) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		chain, result := smtpprobe.Handshake(t.Context(), q)
		if result.Verdict != smtpprobe.Unreachable || time.Now().After(deadline) {
			return chain, result
		}
	}
}

// shown is what both listeners show to a client that names a host.
func (c *secured) shown(t *testing.T, name string) (leaf string) {
	t.Helper()
	for address, implicit := range map[string]bool{c.dial: false, c.SubmissionsAddr(): true} {
		got, result := shake(t, smtpprobe.Request{Address: address, ServerName: name, ImplicitTLS: implicit})
		switch {
		case len(got) == 0:
			return string(result.Verdict)
		case leaf != "" && leaf != stalwart.Fingerprint(got[0].Raw):
			return "another on each port"
		}
		leaf = stalwart.Fingerprint(got[0].Raw)
	}
	return leaf
}

func (c *secured) shows(t *testing.T, p pki.Pair) {
	t.Helper()
	for _, name := range []string{hostname, "", "elsewhere.test"} {
		if got := c.shown(t, name); got != leafOf(t, p) {
			t.Errorf("a client that names %q sees %s", name, got)
		}
	}
}

func (c *secured) held(t *testing.T) []stalwart.Certificate {
	t.Helper()
	all, err := c.directory(t).Certificates(t.Context())
	must(t, err)
	return all
}

func certificateRenewed(t *testing.T, s *suite) {
	c := newSecured(t, s)
	before := len(c.held(t))
	c.source = c.issue(t, 30*day, hostname)
	c.keep(t, tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded)
	c.shows(t, c.source)
	c.keep(t)
	c.source = c.issue(t, 60*day, hostname)
	c.keep(t, tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded, tlscert.ChangedCertificateEnded)
	c.shows(t, c.source)
	must(t, s.Restart(t.Context()))
	c.shows(t, c.source)
	c.keep(t)
	all := slices.DeleteFunc(c.held(t), func(one stalwart.Certificate) bool { return one.Owner == "" })
	if len(all) != 1 || len(c.held(t)) != before+1 || all[0].Leaf != leafOf(t, c.source) || !all[0].Default || all[0].Owner != certificateOwner || !slices.Equal(all[0].Names, []string{hostname}) || time.Until(all[0].NotAfter) < 59*day {
		t.Errorf("it holds %+v", c.held(t))
	}
}

func certificateShortened(t *testing.T, s *suite) {
	c := newSecured(t, s)
	c.source = c.issue(t, 60*day, hostname)
	c.keep(t, tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded)
	c.source = c.issue(t, 30*day, hostname)
	c.keep(t, tlscert.ChangedCertificate, tlscert.ChangedCertificateEnded, tlscert.ChangedCertificateReloaded)
	c.shows(t, c.source)
	c.keep(t)
}

// foreign installs a certificate of somebody else.
func (c *secured) foreign(t *testing.T, p pki.Pair) (id string, reload error) {
	t.Helper()
	id, err := c.directory(t).InstallCertificate(t.Context(), stalwart.NewCertificate{Chain: p.Cert, Key: redact.New(string(p.Key)), Owner: "somebody/else"})
	must(t, err)
	return id, c.directory(t).ReloadCertificates(t.Context())
}

func certificateOfOthers(t *testing.T, s *suite) {
	c := newSecured(t, s)
	c.source = c.issue(t, 30*day, hostname)
	c.keep(t, tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded)
	later := c.issue(t, 90*day, hostname)
	id, err := c.foreign(t, later)
	must(t, err)
	if got := c.shown(t, hostname); got != leafOf(t, later) {
		t.Errorf("of two for one name it shows %s", got)
	}
	if got := c.shown(t, ""); got != leafOf(t, c.source) {
		t.Errorf("without a name it shows %s", got)
	}
	_, err = c.keeper.Reconcile(t.Context())
	outcome{err: err}.stopped(t, tlscert.ReasonCertificateOverruled, id)
	if !slices.ContainsFunc(c.held(t), func(one stalwart.Certificate) bool { return one.ID == id }) {
		t.Error("it is gone")
	}
	stranger := slices.IndexFunc(c.held(t), func(one stalwart.Certificate) bool { return one.Owner == "" })
	if stranger >= 0 && c.directory(t).DestroyCertificate(t.Context(), c.held(t)[stranger]) == nil {
		t.Error("one without a mark may be destroyed")
	}
}

func certificateWrongKey(t *testing.T, s *suite) {
	c := newSecured(t, s)
	wrong := c.issue(t, 90*day, hostname)
	wrong.Key = c.issue(t, day, hostname).Key
	c.source = wrong
	_, err := c.keeper.Reconcile(t.Context())
	outcome{err: err}.stopped(t, tlscert.ReasonCertificateInvalid, "tls.key")
	_, err = c.foreign(t, wrong)
	must(t, err)
	if got := c.shown(t, hostname); got != string(smtpprobe.NoTLS) {
		t.Errorf("a client sees %s", got)
	}
}

func certificateBlocked(t *testing.T, s *suite) {
	c := newSecured(t, s)
	unreadable := c.issue(t, day, "unreadable.test")
	unreadable.Key = []byte("no key at all")
	id, err := c.foreign(t, unreadable)
	outcome{err: err}.stopped(t, stalwart.ReasonReloadFailed, id)
	c.source = c.issue(t, 30*day, hostname)
	c.keep(t, tlscert.ChangedCertificate, tlscert.ChangedCertificateReloaded)
	c.shows(t, c.source)
}

func certificateWithOwnKey(t *testing.T, s *suite) {
	c, k := newSecured(t, s), newKeyed(t, s)
	c.keeper.Fleet = k.fleet
	k.keeper.Desired.Powers = stalwart.Powers{Certificates: true}
	k.keep(t)
	k.admin = redact.New("the administrator's password has changed")
	for _, life := range []time.Duration{60 * day, 30 * day} {
		c.source = c.issue(t, life, hostname)
		_, err := c.keeper.Reconcile(t.Context())
		must(t, err)
		c.shows(t, c.source)
	}
}
