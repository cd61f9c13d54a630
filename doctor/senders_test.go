package doctor_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/submission"
)

// TestWhoReallySends: what the SOURCEs say is judged, against what Stalwart signs for.
func TestWhoReallySends(t *testing.T) {
	rows := []struct {
		name, from, signed string
		spf, dmarc         []string
	}{
		{"the domain itself", "pin@Example.org", "example.org", []string{"ok example.org from 192.0.2.1: spf=pass"},
			[]string{"ok _dmarc.example.org", "ok alignment of example.org: MAIL FROM example.org: aligned, DKIM d=example.org: aligned"}},
		{"one of the organisation", "pin@console.example.org", "example.org", []string{"wrong console.example.org from 192.0.2.1: spf=none"},
			[]string{"warning _dmarc.example.org", "ok alignment of console.example.org: MAIL FROM console.example.org: aligned, DKIM d=example.org: aligned"}},
		{"another's", "pin@example.net", "example.org", []string{"ok example.net from 192.0.2.1: spf=pass"},
			[]string{"warning alignment of example.net: MAIL FROM example.net: aligned, DKIM d=example.org: not aligned", "ok _dmarc.example.net"}},
		{"Stalwart signs for another", "pin@example.org", "example.com", []string{"ok example.org from 192.0.2.1: spf=pass"},
			[]string{"warning alignment of example.org: MAIL FROM example.org: aligned, DKIM d=example.com: not aligned", "ok _dmarc.example.org"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			d := right()
			d["example.net TXT"], d["_dmarc.example.net TXT"] = []string{"v=spf1 ip4:192.0.2.1 -all"}, []string{"v=DMARC1; p=reject"}
			e := world(d)
			e.Submissions = []doctor.Submission{{Name: "console", Source: func(context.Context) (submission.Credentials, error) {
				return submission.Credentials{From: row.from}, nil
			}}, {Name: "broken", Source: func(context.Context) (submission.Credentials, error) {
				return submission.Credentials{}, &submission.FieldError{Key: "smtp-from", Problem: "is empty"}
			}}}
			e.Keys = func(context.Context) (doctor.Keys, error) { return doctor.Keys{Domain: row.signed}, nil }
			begins(t, examine(t, e, "spf"), row.spf)
			begins(t, examine(t, e, "dmarc"), row.dmarc)
		})
	}
}

// TestTheDNSIsKnownWithoutTheRest: an API server or a Stalwart that hangs is no reason
// to know nothing of SPF and DMARC.
func TestTheDNSIsKnownWithoutTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := world(right())
		e.Submissions = []doctor.Submission{{Name: "console", Source: func(ctx context.Context) (submission.Credentials, error) {
			<-ctx.Done()
			return submission.Credentials{}, ctx.Err()
		}}}
		e.Keys = func(ctx context.Context) (doctor.Keys, error) {
			<-ctx.Done()
			return doctor.Keys{}, ctx.Err()
		}
		begins(t, examine(t, e, "spf"), []string{"ok example.org from 192.0.2.1: spf=pass"})
		begins(t, examine(t, e, "dmarc"), []string{"ok _dmarc.example.org", "ok alignment of example.org"})
		synctest.Wait()
	})
}
