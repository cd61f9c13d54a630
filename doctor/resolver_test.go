package doctor_test

import (
	"context"
	"net/netip"
	"testing"

	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/internal/dnstest"
	"github.com/openova-io/smtp-mirror/resolver"
	"github.com/openova-io/smtp-mirror/zone"
)

// public is the resolver as the command gives it to doctor.
type public struct{ *resolver.Resolver }

func (p public) Lookup(ctx context.Context, name, kind string) ([]string, error) {
	found, err := p.Resolver.Lookup(ctx, name, kind)
	return found.Values, err
}

// TestEveryRecordOfAnAddress with the resolver itself: the name of an address is not
// in our domain, and is found all the same.
func TestEveryRecordOfAnAddress(t *testing.T) {
	names, err := dnstest.Start(t.Context(), "127.0.0.1:0")
	must(t, err)
	t.Cleanup(names.Close)
	must(t, names.SetZone(domain, "@ MX 10 mail", "mail A 192.0.2.1", "mail AAAA 2001:db8::1", `@ TXT "v=spf1 a mx ~all"`, `_dmarc TXT "v=DMARC1; p=quarantine; rua=mailto:postmaster@example.org"`,
		`_smtp._tls TXT "v=TLSRPTv1; rua=mailto:postmaster@example.org"`))
	must(t, names.SetZone("2.0.192.in-addr.arpa", "1 PTR mail.example.org."))
	must(t, names.SetZone("8.b.d.0.1.0.0.2.ip6.arpa", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR mail.example.net."))
	r, err := resolver.New(resolver.Config{Servers: []string{names.Addr}, Recursive: names.Addr})
	must(t, err)
	e := &doctor.Env{Domain: domain, MailHost: mailHost, From: from, DNS: public{r}, Records: func(context.Context) ([]zone.Record, error) {
		return zone.Records(zone.Facts{Domain: domain, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}}), nil
	}}
	begins(t, examine(t, e, "dns"), []string{"warning 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR: Mismatch: mail.example.net", "ok 1.2.0.192.in-addr.arpa PTR: Published",
		"ok _dmarc.example.org TXT", "ok _smtp._tls.example.org TXT", "ok example.org MX", "ok example.org TXT", "ok mail.example.org A: Published", "ok mail.example.org AAAA: Published"})
}
