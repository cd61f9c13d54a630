package doctor_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/openova-io/smtp-mirror/resolver"
	"github.com/openova-io/smtp-mirror/zone"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The world of the tests.
const (
	domain   = "example.org"
	mailHost = "mail.example.org"
	from     = "noreply@example.org"
	canary   = "canary-of-a-password"
)

// dns is a DNS that gives what it holds, by "name TYPE", from every server.
type dns map[string][]string

var errServer = errors.New("ns1.example.org answers SERVFAIL")

// Lookup fails where the value is "SERVFAIL", and hangs where it is "hang".
func (d dns) Lookup(ctx context.Context, name, kind string) ([]string, error) {
	values := d[name+" "+kind]
	if len(values) == 1 && values[0] == "SERVFAIL" {
		return nil, errServer
	}
	if len(values) == 1 && values[0] == "hang" {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return values, nil
}

// Answers is two servers of one mind. Like the resolver it refuses what is not ours.
func (d dns) Answers(ctx context.Context, domain, name, kind string) ([]zone.Answer, error) {
	if name != domain && !strings.HasSuffix(name, "."+domain) {
		return nil, resolver.ErrName
	}
	values, err := d.Lookup(ctx, name, kind)
	a := zone.Answer{Server: "192.0.2.53:53", Code: "NOERROR", Values: values}
	if err != nil {
		a = zone.Answer{Server: "192.0.2.53:53", Problem: "no answer in time"}
	}
	b := a
	b.Server = "192.0.2.54:53"
	return []zone.Answer{a, b}, nil
}

// torn is a DNS whose second server is stale.
type torn struct{ dns, stale dns }

// Lookup asks the first.
func (t torn) Lookup(ctx context.Context, name, kind string) ([]string, error) {
	return t.dns.Lookup(ctx, name, kind)
}

// Answers asks both.
func (t torn) Answers(ctx context.Context, domain, name, kind string) ([]zone.Answer, error) {
	first, err := t.dns.Answers(ctx, domain, name, kind)
	second, _ := t.stale.Answers(ctx, domain, name, kind)
	if err != nil {
		return nil, err
	}
	return []zone.Answer{first[0], second[1]}, nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
