package dnstest_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"

	"github.com/openova-io/smtp-mirror/internal/dnstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, addr string) *dnstest.Server {
	t.Helper()
	s, err := dnstest.Start(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func zone(t *testing.T, s *dnstest.Server, name string, records ...string) {
	t.Helper()
	if err := s.SetZone(name, records...); err != nil {
		t.Fatal(err)
	}
}

func query(name, kind string) *dns.Msg {
	return new(dns.Msg).SetQuestion(name, dns.StringToType[kind])
}

func ask(t *testing.T, s *dnstest.Server, network string, m *dns.Msg) (*dns.Msg, error) {
	t.Helper()
	client := dns.Client{Net: network, Timeout: 2 * time.Second}
	r, _, err := client.ExchangeContext(t.Context(), m, s.Addr)
	return r, err
}

// said is a short form of an answer: code, flags, answers, and what kind of authority.
func said(t *testing.T, s *dnstest.Server, name, kind string) string {
	t.Helper()
	m, err := ask(t, s, "udp", query(name, kind))
	if err != nil {
		return "nothing"
	}
	parts := []string{dns.RcodeToString[m.Rcode]}
	for flag, set := range map[string]bool{"aa": m.Authoritative, "tc": m.Truncated, "ra": m.RecursionAvailable, "ad": m.AuthenticatedData} {
		if set {
			parts = append(parts, flag)
		}
	}
	slices.Sort(parts[1:])
	for _, rr := range m.Answer {
		parts = append(parts, strings.TrimPrefix(rr.String(), rr.Header().String()))
	}
	for _, rr := range m.Ns {
		parts = append(parts, "("+dns.TypeToString[rr.Header().Rrtype]+" "+rr.Header().Name+")")
	}
	return strings.Join(parts, " ")
}

func TestAnHonestServer(t *testing.T) {
	s := start(t, "127.0.0.1:0")
	zone(t, s, "example.com", "@ NS ns1", "ns1 A 192.0.2.1", `a.b TXT "x" "y"`, "alias CNAME a.b", "out CNAME elsewhere.test.",
		"child NS ns.child", "ns.child A 192.0.2.2", "deep.child A 192.0.2.3")
	for question, want := range map[string]string{
		"example.com. SOA":          "NOERROR aa ns1.example.com. hostmaster.example.com. 1 3600 600 86400 60",
		"EXAMPLE.com. NS":           "NOERROR aa ns1.example.com.",
		"a.b.example.com. TXT":      `NOERROR aa "x" "y"`,
		"a.b.example.com. MX":       "NOERROR aa (SOA example.com.)",
		"b.example.com. TXT":        "NOERROR aa (SOA example.com.)",
		"no.example.com. TXT":       "NXDOMAIN aa (SOA example.com.)",
		"alias.example.com. TXT":    `NOERROR aa a.b.example.com. "x" "y"`,
		"out.example.com. TXT":      "NOERROR aa elsewhere.test.",
		"x.child.example.com. MX":   "NOERROR (NS child.example.com.)",
		"deep.child.example.com. A": "NOERROR (NS child.example.com.)",
		"example.org. A":            "REFUSED",
	} {
		name, kind, _ := strings.Cut(question, " ")
		if got := said(t, s, name, kind); got != want {
			t.Errorf("%s: %s, not %s", question, got, want)
		}
	}
	if n := s.Asked("a.b.example.com"); n != 2 {
		t.Errorf("%d questions remembered, not 2", n)
	}
	q := s.Queries()[0]
	if q.Network != "udp" || q.Recursion != true || q.At.IsZero() {
		t.Errorf("remembered: %+v", q)
	}
}

func TestChangesAndSecondaries(t *testing.T) {
	primary, secondary := start(t, "127.0.0.1:0"), start(t, "127.0.0.2:0")
	secondary.Follow(primary)
	zone(t, primary, "example.com", `k TXT "1"`)
	expect := func(step, one, two string) {
		t.Helper()
		got := [2]string{said(t, primary, "k.example.com.", "TXT"), said(t, secondary, "k.example.com.", "TXT")}
		if got != [2]string{one, two} {
			t.Errorf("%s: %q, not %q and %q", step, got, one, two)
		}
	}
	expect("set", `NOERROR aa "1"`, `NOERROR aa "1"`)
	if err := primary.Put("example.com", `k TXT "2"`, `k TXT "3"`); err != nil {
		t.Fatal(err)
	}
	expect("put", `NOERROR aa "2" "3"`, `NOERROR aa "2" "3"`)
	secondary.Freeze()
	primary.Drop("k.example.com", "TXT")
	expect("dropped", "NXDOMAIN aa (SOA example.com.)", `NOERROR aa "2" "3"`)
	primary.DropZone("example.com")
	expect("no zone", "REFUSED", `NOERROR aa "2" "3"`)
	if primary.Put("example.com", `k TXT "2"`) == nil || primary.SetZone("example.com", "k.other. A 1.1.1.1") == nil || primary.SetZone("x", "k A nonsense") == nil {
		t.Error("what cannot be is accepted")
	}
}

func TestLies(t *testing.T) {
	s := start(t, "127.0.0.1:0")
	zone(t, s, "example.com", `k TXT "1"`)
	for want, lie := range map[string]dnstest.Lie{
		"SERVFAIL aa":       dnstest.ServFail,
		"REFUSED aa":        dnstest.Refused,
		"NOERROR":           dnstest.Lame,
		"NOERROR aa tc":     dnstest.Truncated,
		`NOERROR aa ad "1"`: dnstest.Authentic,
		`NOERROR aa "w"`:    dnstest.Says(`k.example.com. 60 TXT "w"`),
		`NOERROR aa "1"`:    dnstest.About("other.example.com", "", dnstest.ServFail),
	} {
		s.Lie(lie)
		if got := said(t, s, "k.example.com.", "TXT"); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
	s.Lie(dnstest.About("k.example.com", "TXT", dnstest.WrongQuestion))
	m, err := ask(t, s, "udp", query("k.example.com.", "TXT"))
	if err != nil || m.Question[0].Name != "other.k.example.com." {
		t.Errorf("another question: %v %v", m, err)
	}
	s.Lie(dnstest.WrongID)
	if _, err := ask(t, s, "tcp", query("k.example.com.", "TXT")); err == nil {
		t.Error("the id is right")
	}
	s.Lie()
	s.Garble(dnstest.Garbage)
	if _, err := ask(t, s, "udp", query("k.example.com.", "TXT")); err == nil {
		t.Error("garbage could be read")
	}
	s.Garble(nil)
	if got := said(t, s, "k.example.com.", "TXT"); got != `NOERROR aa "1"` {
		t.Errorf("not honest again: %s", got)
	}
}

func TestSilenceAndSlownessEndWithTheServer(t *testing.T) {
	s := start(t, "127.0.0.1:0")
	s.Lie(dnstest.Silent)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := dns.ExchangeContext(ctx, query("x.", "A"), s.Addr); err == nil {
		t.Error("an answer")
	}
	s.Slow(time.Hour)
	failed := make(chan error)
	go func() {
		_, err := ask(t, s, "tcp", query("x.", "A"))
		failed <- err
	}()
	for len(s.Queries()) < 2 {
		time.Sleep(time.Millisecond)
	}
	s.Close()
	if <-failed == nil {
		t.Error("an answer")
	}
}

func TestWhatIsTooLongComesByTCP(t *testing.T) {
	s := start(t, "127.0.0.1:0")
	var long []string
	for i := range 10 {
		long = append(long, fmt.Sprintf(`k TXT "%03d%s"`, i, strings.Repeat("x", 200)))
	}
	zone(t, s, "example.com", long...)
	for _, edns := range []bool{false, true} {
		q := query("k.example.com.", "TXT")
		if edns {
			q.SetEdns0(1232, false)
		}
		m, err := ask(t, s, "udp", q)
		if err != nil || !m.Truncated || len(m.Answer) == 10 || edns != (m.IsEdns0() != nil) {
			t.Errorf("EDNS %t: %v", edns, err)
		}
		if m, err = ask(t, s, "tcp", q); err != nil || m.Truncated || len(m.Answer) != 10 {
			t.Errorf("TCP: %v", err)
		}
	}
	if q := s.Queries()[2]; q.Size != 1232 {
		t.Errorf("remembered: %+v", q)
	}
}

func TestARecursiveServer(t *testing.T) {
	parent, child, recursive := start(t, "127.0.0.1:0"), start(t, "127.0.0.2:0"), start(t, "127.0.0.3:0")
	zone(t, parent, "example.com", "child NS ns.child", "alias CNAME k.child")
	zone(t, child, "child.example.com", "@ NS ns", `k TXT "1"`)
	recursive.Recurse(parent, child)
	for question, want := range map[string]string{
		"alias.example.com.":   `NOERROR ra k.child.example.com. "1"`,
		"k.child.example.com.": `NOERROR ra "1"`,
		"no.example.com.":      "NXDOMAIN ra (SOA example.com.)",
		"nowhere.test.":        "SERVFAIL ra",
	} {
		if got := said(t, recursive, question, "TXT"); got != want {
			t.Errorf("%s: %s, not %s", question, got, want)
		}
	}
	child.Lie(dnstest.Lame)
	if got := said(t, recursive, "k.child.example.com.", "TXT"); got != "SERVFAIL ra" {
		t.Errorf("a lame server is believed: %s", got)
	}
	if len(child.Queries()) != 0 {
		t.Error("what the recursive server asks is counted")
	}
}

func TestDialer(t *testing.T) {
	s := start(t, "127.0.0.7:0")
	conn, err := dnstest.Dialer(s)(t.Context(), "tcp", "127.0.0.7:53")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if conn.RemoteAddr().String() != s.Addr {
		t.Errorf("leads to %s", conn.RemoteAddr())
	}
}
