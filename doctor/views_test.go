package doctor_test

import (
	"context"
	"sync"
	"testing"

	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/zone"
)

// TestAStaleServer: a receiver may ask any of our servers, so the worst of them counts.
func TestAStaleServer(t *testing.T) {
	const second = ", at 192.0.2.54:53"
	rows := []struct {
		name, check, key string
		stale            []string
		want             []string
	}{
		{"SPF is not there", "spf", "example.org TXT", nil, []string{"wrong example.org from 192.0.2.1: spf=none (no DNS record found)" + second}},
		{"SPF of another sender", "spf", "example.org TXT", []string{"v=spf1 ip4:198.51.100.7 -all"}, []string{"wrong example.org from 192.0.2.1: spf=fail"}},
		{"the mail host has moved", "spf", "mail.example.org A", []string{"192.0.2.9"}, []string{"wrong example.org from 192.0.2.1: spf=softfail"}},
		{"other words to the same end", "spf", "example.org TXT", []string{"v=spf1 ip4:192.0.2.1 -all"}, []string{"ok example.org from 192.0.2.1: spf=pass"}},
		{"one that fails is not asked", "spf", "example.org TXT", []string{"SERVFAIL"}, []string{"ok example.org from 192.0.2.1: spf=pass"}},
		{"DMARC is not there", "dmarc", "_dmarc.example.org TXT", nil, []string{"wrong _dmarc.example.org: nothing" + second, "ok alignment"}},
		{"DMARC is there twice", "dmarc", "_dmarc.example.org TXT", []string{"v=DMARC1; p=none", "v=DMARC1; p=reject"}, []string{"wrong _dmarc.example.org: v=DMARC1; p=none, v=DMARC1; p=reject" + second, "ok alignment"}},
		{"a policy of nothing", "dmarc", "_dmarc.example.org TXT", []string{"v=DMARC1; p=none"}, []string{"warning _dmarc.example.org: v=DMARC1; p=none" + second, "ok alignment"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			stale := right()
			stale[row.key] = row.stale
			for _, d := range []doctor.DNS{torn{right(), stale}, reversed{torn{right(), stale}}} { // also where it is asked first
				e := world(nil)
				e.DNS = d
				begins(t, examine(t, e, row.check), row.want)
			}
		})
	}
}

// reversed gives the second answer first.
type reversed struct{ torn }

// Answers asks both.
func (r reversed) Answers(ctx context.Context, domain, name, kind string) ([]zone.Answer, error) {
	all, err := r.torn.Answers(ctx, domain, name, kind)
	if err != nil {
		return nil, err
	}
	return []zone.Answer{all[1], all[0]}, nil
}

// counting is a DNS that counts.
type counting struct {
	dns
	mu    sync.Mutex
	asked map[string]int
}

// Lookup counts.
func (c *counting) Lookup(ctx context.Context, name, kind string) ([]string, error) {
	c.mu.Lock()
	c.asked[name+" "+kind]++
	c.mu.Unlock()
	return c.dns.Lookup(ctx, name, kind)
}

// Answers counts.
func (c *counting) Answers(ctx context.Context, domain, name, kind string) ([]zone.Answer, error) {
	c.mu.Lock()
	c.asked[name+" "+kind]++
	c.mu.Unlock()
	return c.dns.Answers(ctx, domain, name, kind)
}

// TestNobodyIsAskedTwice in one run, and everybody anew in the next.
func TestNobodyIsAskedTwice(t *testing.T) {
	c := &counting{dns: right(), asked: map[string]int{}}
	e := world(nil)
	e.DNS = c
	for run := range 2 {
		doctor.Run(t.Context(), e, doctor.Checks())
		for key, n := range c.asked {
			if n > run+1 {
				t.Errorf("%s is asked for %d times in %d runs", key, n, run+1)
			}
		}
		if c.asked["example.org TXT"] != run+1 {
			t.Errorf("%v", c.asked)
		}
	}
}
