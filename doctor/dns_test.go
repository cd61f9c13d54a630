package doctor_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/openova-io/smtp-mirror/doctor"
	"github.com/openova-io/smtp-mirror/stalwart"
	"github.com/openova-io/smtp-mirror/zone"
)

// keyA and keyB are Ed25519 keys in base64.
const (
	keyA = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
	keyB = "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="
	txtA = "v=DKIM1; k=ed25519; h=sha256; p=" + keyA
	txtB = "v=DKIM1; k=ed25519; h=sha256; p=" + keyB
)

// right is a world in which everything is published.
func right() dns {
	return dns{
		"example.org MX": {"10 mail.example.org"}, "mail.example.org A": {"192.0.2.1"}, "example.org TXT": {"hello", "v=spf1 mx ~all"},
		"_dmarc.example.org TXT": {"v=DMARC1; p=quarantine"}, "1.2.0.192.in-addr.arpa PTR": {"mail.example.org"},
		"a._domainkey.example.org TXT": {txtA},
	}
}

func world(d dns) *doctor.Env {
	return &doctor.Env{
		Domain: domain, MailHost: mailHost, From: from, DNS: d,
		Outgoing: func(context.Context) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
		},
		Keys: keys(stalwart.DKIMKey{Selector: "a", Algorithm: "ed25519-sha256", PublicKey: keyA, Stage: "active"}),
		Records: func(context.Context) ([]zone.Record, error) {
			return []zone.Record{{Name: domain, Type: "MX", Value: "10 mail.example.org", Why: "bounces"}, {Name: mailHost, Type: "A", Value: "192.0.2.1"},
				{Name: "_smtp._tls.example.org", Type: "TXT", Value: "v=TLSRPTv1; rua=mailto:x@example.org"}, {Name: "a._domainkey.example.org", Type: "TXT", Value: txtB}}, nil
		},
	}
}

func keys(all ...stalwart.DKIMKey) func(context.Context) (doctor.Keys, error) {
	return func(context.Context) (doctor.Keys, error) { return doctor.Keys{All: all}, nil }
}

// examine runs one check and gives "verdict object: got" lines.
func examine(t *testing.T, e *doctor.Env, name string) []string {
	t.Helper()
	all := doctor.Checks()
	i := slices.IndexFunc(all, func(c doctor.Check) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no check %s", name)
	}
	var lines []string
	for _, f := range doctor.Run(t.Context(), e, all[i:i+1]).Findings {
		if (f.Todo == "") != (f.Verdict == doctor.OK) {
			t.Errorf("%s is %s and says what to do: %q", f.Object, f.Verdict, f.Todo)
		}
		lines = append(lines, fmt.Sprintf("%s %s: %s", f.Verdict, f.Object, f.Got))
	}
	return lines
}

// TestTheDNS: what each check says of a world in which one thing is not as it should
// be.
func TestTheDNS(t *testing.T) {
	examines(t, []row{
		{"all is right", "spf", nil, []string{"ok example.org from 192.0.2.1: spf=pass"}},
		{"another sender", "spf", set("example.org TXT", "v=spf1 ip4:198.51.100.7 -all"), []string{"wrong example.org from 192.0.2.1: spf=fail"}},
		{"nothing is said", "spf", set("example.org TXT", "hello"), []string{"wrong example.org from 192.0.2.1: spf=none"}},
		{"softly another", "spf", set("example.org TXT", "v=spf1 ~all"), []string{"wrong example.org from 192.0.2.1: spf=softfail"}},
		{"two records", "spf", set("example.org TXT", "v=spf1 mx ~all", "v=spf1 a ~all"), []string{"wrong example.org from 192.0.2.1: spf=permerror"}},
		{"too many questions", "spf", set("example.org TXT", "v=spf1 include:example.org ~all"), []string{"wrong example.org from 192.0.2.1: spf=permerror"}},
		{"a server that fails", "spf", set("example.org TXT", "SERVFAIL"), []string{"unknown example.org from 192.0.2.1: spf=temperror"}},
		{"no address", "spf", func(_ dns, e *doctor.Env) { e.Outgoing = nil }, []string{"unknown the outgoing address: "}},
		{"an address of IPv6", "spf", outgoing("2001:db8::1"), []string{"wrong example.org from 2001:db8::1: spf=softfail"}},

		{"an address that nobody has named", "spf", func(_ dns, e *doctor.Env) { e.Assumed = "service mail/mail" }, []string{"warning outgoing address: assumed from the service mail/mail: 192.0.2.1", "ok example.org from 192.0.2.1: spf=pass"}},

		{"all is right", "fcrdns", nil, []string{"ok 192.0.2.1: PTR mail.example.org"}},
		{"no name", "fcrdns", set("1.2.0.192.in-addr.arpa PTR"), []string{"wrong 192.0.2.1: PTR nothing"}},
		{"a name that leads elsewhere", "fcrdns", set("mail.example.org A", "192.0.2.2"), []string{"wrong 192.0.2.1: PTR mail.example.org, which does not lead back"}},
		{"another name of ours", "fcrdns", func(d dns, _ *doctor.Env) {
			d["1.2.0.192.in-addr.arpa PTR"], d["host.example.net A"] = []string{"host.example.net"}, []string{"192.0.2.1"}
		}, []string{"warning 192.0.2.1: PTR host.example.net"}},
		{"a server that fails", "fcrdns", set("mail.example.org A", "SERVFAIL"), []string{"unknown 192.0.2.1: 192.0.2.54:53: no answer in time"}},
		{"no outgoing address yet", "fcrdns", func(_ dns, e *doctor.Env) {
			e.Outgoing = func(context.Context) ([]netip.Addr, error) { return nil, nil }
		}, []string{"unknown the outgoing address: it is not known"}},
		{"it cannot be read", "fcrdns", func(_ dns, e *doctor.Env) {
			e.Outgoing = func(context.Context) ([]netip.Addr, error) { return nil, errors.New("services is forbidden") }
		}, []string{"unknown the outgoing address: services is forbidden"}},

		{"all is right", "mx", nil, []string{"ok example.org: MX 10 mail.example.org"}},
		{"none", "mx", set("example.org MX"), []string{"wrong example.org: MX nothing"}},
		{"the null MX", "mx", set("example.org MX", "0 ."), []string{"wrong example.org: MX 0 ."}},
		{"another's", "mx", set("example.org MX", "10 mx.example.net"), []string{"warning example.org: MX 10 mx.example.net"}},
		{"without an address", "mx", set("mail.example.org A"), []string{"wrong example.org: MX"}},
		{"one family that fails", "mx", set("mail.example.org AAAA", "SERVFAIL"), []string{"unknown mail.example.org: lookup mail.example.org: "}},
		{"a server that fails", "mx", set("example.org MX", "SERVFAIL"), []string{"unknown example.org: 192.0.2.54:53: no answer in time"}},

		{"all is right", "dmarc", nil, []string{"ok _dmarc.example.org: v=DMARC1", "ok alignment of example.org: MAIL FROM example.org: aligned, DKIM d=example.org: aligned"}},
		{"none", "dmarc", set("_dmarc.example.org TXT"), []string{"wrong _dmarc.example.org: nothing"}},
		{"two", "dmarc", set("_dmarc.example.org TXT", "v=DMARC1; p=none", "v=DMARC1; p=reject"), []string{"wrong _dmarc.example.org: "}},
		{"no policy", "dmarc", set("_dmarc.example.org TXT", "v=DMARC1; pct=5"), []string{"wrong _dmarc.example.org: "}},
		{"a policy of nothing", "dmarc", set("_dmarc.example.org TXT", "v=DMARC1; p=none"), []string{"warning _dmarc.example.org: ", "ok alignment"}},
		{"a server that fails", "dmarc", set("_dmarc.example.org TXT", "SERVFAIL"), []string{"unknown _dmarc.example.org: 192.0.2.54:53: no answer in time"}},
	})
}

// TestTheRecords that the domain is to publish.
func TestTheRecords(t *testing.T) {
	examines(t, []row{
		{"DKIM names have their own check", "dns", nil, []string{"warning _smtp._tls.example.org TXT: Missing", "ok example.org MX: Published", "ok mail.example.org A: Published"}},
		{"another value", "dns", set("mail.example.org A", "192.0.2.9"), []string{"wrong mail.example.org A: Mismatch: 192.0.2.9", "warning", "ok example.org MX"}},
		{"a server that fails", "dns", set("mail.example.org A", "SERVFAIL"), []string{"unknown mail.example.org A: TempError (192.0.2.53:53: no answer in time", "warning", "ok"}},
		{"addresses that cannot be told", "dns", func(_ dns, e *doctor.Env) {
			e.Records = func(context.Context) ([]zone.Record, error) {
				return []zone.Record{{Name: domain, Type: "MX", Value: "10 mail.example.org"}}, context.DeadlineExceeded
			}
		}, []string{"unknown mail.example.org A, AAAA, PTR: no answer in time", "ok example.org MX"}},
		{"no LoadBalancer at all", "dns", func(_ dns, e *doctor.Env) {
			e.Records = func(context.Context) ([]zone.Record, error) {
				return nil, fmt.Errorf("reading it: %w", apierrors.NewNotFound(schema.GroupResource{Resource: "services"}, "mail"))
			}
		}, []string{"warning mail.example.org A, AAAA, PTR: reading it: services"}},
		{"nothing is wanted", "dns", func(_ dns, e *doctor.Env) { e.Records = nil }, []string{"ok nothing: "}},
	})
}

// row is a check of a world in which one thing is not as it should be.
type row struct {
	name, check string
	change      func(d dns, e *doctor.Env)
	want        []string // beginnings
}

func examines(t *testing.T, rows []row) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.check+" "+row.name, func(t *testing.T) {
			d := right()
			e := world(d)
			if row.change != nil {
				row.change(d, e)
			}
			begins(t, examine(t, e, row.check), row.want)
		})
	}
}

func set(key string, values ...string) func(dns, *doctor.Env) {
	return func(d dns, _ *doctor.Env) { d[key] = values }
}

func outgoing(address string) func(dns, *doctor.Env) {
	return func(_ dns, e *doctor.Env) {
		e.Outgoing = func(context.Context) ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr(address)}, nil }
	}
}

// begins compares lines by their beginnings.
func begins(t *testing.T, got, want []string) {
	t.Helper()
	ok := len(got) == len(want)
	for i := range min(len(got), len(want)) {
		ok = ok && strings.HasPrefix(got[i], want[i])
	}
	if !ok {
		t.Errorf("%q\nwant %q", got, want)
	}
}
