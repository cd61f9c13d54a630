package conformance

import (
	"context"
	"testing"

	"github.com/openova-io/smtp-mirror/internal/controlplane/pki"
	"github.com/openova-io/smtp-mirror/smtpprobe"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/tlscert"
)

// mount renews the files of 0.15 until the end of the scenario.
func (c *secured) mount(t *testing.T, p pki.Pair) {
	t.Helper()
	must(t, c.MountCertificate(p.Cert, p.Key))
}

// keepFirst puts back what the server began with.
func (c *secured) keepFirst(t *testing.T) {
	t.Helper()
	certificate, key, err := c.MountedCertificate()
	must(t, err)
	t.Cleanup(func() {
		if err := c.MountCertificate(certificate, key); err != nil {
			t.Error(err)
		}
		ctx := context.WithoutCancel(t.Context())
		if d, err := c.fleet.Detect(ctx); err != nil || d.ReloadCertificates(ctx) != nil {
			t.Error("the first certificate is not back in use")
		}
	})
}

func certificateMounted(t *testing.T, s *suite) {
	c := newSecured(t, s)
	c.keepFirst(t)
	c.source = c.issue(t, 60*day, hostname)
	_, err := c.keeper.Reconcile(t.Context())
	outcome{err: err}.stopped(t, tlscert.ReasonCertificateNotServed, "mount the certificate")
	c.mount(t, c.source)
	c.keep(t, tlscert.ChangedCertificateReloaded)
	c.shows(t, c.source)
	c.keep(t)
	c.source = c.issue(t, 30*day, hostname)
	c.mount(t, c.source)
	c.keep(t, tlscert.ChangedCertificateReloaded)
	c.shows(t, c.source)
	must(t, s.Restart(t.Context()))
	c.keep(t)
}

func certificateMountedWrongKey(t *testing.T, s *suite) {
	c := newSecured(t, s)
	c.keepFirst(t)
	good, other := c.issue(t, 60*day, hostname), c.issue(t, 60*day, hostname)
	c.mount(t, good)
	must(t, c.directory(t).ReloadCertificates(t.Context()))
	c.mount(t, pki.Pair{Cert: other.Cert, Key: []byte("no key at all")})
	err := c.directory(t).ReloadCertificates(t.Context())
	outcome{err: err}.stopped(t, stalwart.ReasonReloadFailed, "certificate.default")
	c.shows(t, good)
	c.mount(t, pki.Pair{Cert: other.Cert, Key: good.Key})
	must(t, c.directory(t).ReloadCertificates(t.Context()))
	if got := c.shown(t, hostname); got != string(smtpprobe.NoTLS) {
		t.Errorf("a client sees %s", got)
	}
}
