package zone

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// ok is an answer of one server with these values.
func ok(values ...string) []Answer {
	return []Answer{{Server: "ns1.test:53", Code: "NOERROR", Values: values}}
}

func wanted(t testing.TB, label string) Record {
	t.Helper()
	for _, r := range Records(everything()) {
		if r.Label() == label {
			return r
		}
	}
	t.Fatal("no record ", label)
	return Record{}
}

const ours = "v=DKIM1; k=ed25519; h=sha256; p=" + edKey

// TestJudgeDKIM: the key decides, not the text.
func TestJudgeDKIM(t *testing.T) {
	rows := []struct {
		name   string
		values []string
		want   Verdict
		note   string
	}{
		{"the same", []string{ours}, Published, ""},
		{"tags in another order and form", []string{"v=DKIM1;p=p58nBqul6LwHCjxB/YmF ykGhi0EF8RjSg+yoTQXxWMU= ;k=ed25519;"}, Published, ""},
		{"more tags", []string{ours + "; n=hello; t=s; x=y"}, Published, "t=s"},
		{"testing", []string{"v=DKIM1; t=y:s; k=ed25519; p=" + edKey}, Published, "t=y"},
		{"for every service", []string{"v=DKIM1; s=*; k=ed25519; p=" + edKey}, Published, ""},
		{"without a version", []string{"k=ed25519; p=" + edKey}, Published, ""},
		{"another key", []string{"v=DKIM1; k=ed25519; p=" + strings.Replace(edKey, "p", "q", 1)}, Mismatch, "another key"},
		{"cut off", []string{"v=DKIM1; k=ed25519; p=" + edKey[:40]}, Mismatch, "cut off"},
		{"another type", []string{"v=DKIM1; p=" + edKey}, Mismatch, "k=rsa"},
		{"only SHA-1", []string{"v=DKIM1; h=sha1; k=ed25519; p=" + edKey}, Mismatch, "h="},
		{"not for mail", []string{"v=DKIM1; s=tlsrpt; k=ed25519; p=" + edKey}, Mismatch, "s="},
		{"revoked", []string{"v=DKIM1; k=ed25519; p="}, Revoked, ""},
		{"none", nil, Missing, ""},
		{"two", []string{ours, ours}, Multiple, "undefined"},
		{"two, one of them foreign", []string{ours, "google-site-verification=x"}, Multiple, ""},
		{"escaped semicolons", []string{strings.ReplaceAll(ours, ";", `\;`)}, NotDKIM, "backslashes"},
		{"quoted twice", []string{`"` + ours + `"`}, NotDKIM, "quotes"},
		{"SPF", []string{"v=spf1 -all"}, NotDKIM, "another name"},
		{"nothing", []string{""}, NotDKIM, ""},
		{"no base64", []string{"v=DKIM1; k=ed25519; p=%"}, NotDKIM, ""},
		{"a tag twice", []string{ours + "; p=" + edKey}, NotDKIM, ""},
		{"the version is not first", []string{"k=ed25519; v=DKIM1; p=" + edKey}, NotDKIM, ""},
		{"another version", []string{"v=DKIM2; k=ed25519; p=" + edKey}, NotDKIM, ""},
	}
	for _, row := range rows {
		f := Explain(wanted(t, "dkim/b-ed"), ok(row.values...))
		if f.Verdict != row.want || !strings.Contains(strings.Join(f.Notes, "\n"), row.note) || row.note == "" && row.want == Published && f.Notes != nil {
			t.Errorf("%s: %s %q, want %s %q", row.name, f.Verdict, f.Notes, row.want, row.note)
		}
	}
	for value, want := range map[string]Verdict{"v=DKIM1; p=": Published, "v=DKIM1; k=rsa; p=AAAA": Mismatch, "": NotDKIM} {
		if got := Judge(wanted(t, "dkim/a-rsa"), ok(value)); got != want {
			t.Errorf("retired, %q: %s, want %s", value, got, want)
		}
	}
}

// TestJudge: the semantics of each other type.
func TestJudge(t *testing.T) {
	rows := []struct {
		label  string
		values []string
		want   Verdict
	}{
		{"spf", []string{"google-site-verification=x", "v=spf1 a mx ~all"}, Published},
		{"spf", []string{"V=SPF1  +A MX ~all"}, Published},
		{"spf", []string{"v=spf1 a mx include:spf.example.net -all"}, Published},
		{"spf", []string{"v=spf1 a mx -all"}, Mismatch},
		{"spf", []string{"v=spf1 mx a ~all"}, Mismatch},
		{"spf", []string{"v=spf1 include:spf.example.net -all"}, Mismatch},
		{"spf", []string{"v=spf1 -a a mx ip4:203.0.113.9 ~all"}, Mismatch},
		{"spf", []string{"v=spf1 a mx exists:%{i}.a exists:b exists:c exists:d exists:e exists:f exists:g exists:h exists:i -all"}, Mismatch},
		{"spf", []string{"v=spf1 a mx foo ~all"}, Mismatch},
		{"spf", []string{"v=spf1 a mx ~all", "v=spf1 -all"}, Multiple},
		{"spf", []string{"google-site-verification=x", "v=spf10"}, Missing},
		{"dmarc", []string{"v=DMARC1;p=Quarantine; rua=mailto:postmaster@example.test;"}, Published},
		{"dmarc", []string{"v=DMARC1; p=reject; rua=mailto:x@example.net, mailto:Postmaster@example.test; adkim=s"}, Published},
		{"dmarc", []string{"v=DMARC1; p=none; rua=mailto:postmaster@example.test"}, Mismatch},
		{"dmarc", []string{"v=DMARC1; p=quarantine; rua=mailto:x@example.net"}, Mismatch},
		{"dmarc", []string{"v=DMARC1; p=what"}, Mismatch},
		{"dmarc", []string{"v=DMARC1; p=none", "v=DMARC1; p=none; sp=none"}, Multiple},
		{"dmarc", []string{"v=DMARC2; p=none"}, Missing},
		{"tlsrpt", []string{"v=TLSRPTv1;rua=mailto:postmaster@example.test"}, Published},
		{"tlsrpt", []string{"v=TLSRPTv1;rua=mailto:x@example.test"}, Mismatch},
		{"mtasts", []string{"v=STSv1; id=1;", "other"}, Mismatch},
		{"mtasts", []string{"v=STSv1; id=1;", "v=STSv1; id=2;"}, Multiple},
		{"mx", []string{"10 MAIL.example.test."}, Published},
		{"mx", []string{"10 mail.example.test", "20 backup.example.net"}, Published},
		{"mx", []string{"10 mail.example.test", "10 other.example.net"}, Mismatch},
		{"mx", []string{"10 mail.example.test", "0 ."}, Mismatch},
		{"mx", []string{"5 mail.example.test"}, Mismatch},
		{"mx", []string{"10 mail.example.test", "what"}, Mismatch},
		{"srv/submission", []string{"0 1 587 mail.example.test"}, Published},
		{"srv/submission", []string{"0 0 0 ."}, Mismatch},
		{"a", []string{"198.51.100.1", "203.0.113.7"}, Published},
		{"a", []string{"198.51.100.1"}, Mismatch},
		{"aaaa", []string{"2001:DB8:0::7"}, Published},
		{"caa", []string{`0 issue "letsencrypt.org; accounturi=https://x/A"`, `0 iodef "mailto:x"`}, Published},
		{"caa", []string{`0 issue ";"`}, Mismatch},
		{"cname", []string{"Policy.example.net."}, Published},
		{"cname", []string{"x.example.net"}, Mismatch},
	}
	for _, row := range rows {
		if f := Explain(wanted(t, row.label), ok(row.values...)); f.Verdict != row.want {
			t.Errorf("%s %q: %s %q, want %s", row.label, row.values, f.Verdict, f.Notes, row.want)
		}
	}
	ptr, txt := Record{Name: "7.113.0.203.in-addr.arpa", Type: "PTR", Value: "mail.example.test"}, Record{Name: "x", Type: "TXT", Value: "owner=us"}
	got := []Verdict{Judge(ptr, ok("mail.example.test", "static.example.net")), Judge(ptr, ok("static.example.net")), Judge(ptr, ok("Mail.example.test.")), Judge(txt, ok("a", "owner=us")), Judge(txt, ok("a"))}
	if !slices.Equal(got, []Verdict{Multiple, Mismatch, Published, Published, Missing}) {
		t.Errorf("%q", got)
	}
}

// TestServersDisagree: one server is enough for the verdict to be bad, and it is named.
func TestServersDisagree(t *testing.T) {
	right, stale := Answer{Server: "a", Code: "NOERROR", Values: []string{ours}}, Answer{Server: "b", Code: "NXDOMAIN"}
	lies, dead := Answer{Server: "c", Code: "NOERROR", Values: []string{"v=DKIM1; p="}}, Answer{Server: "d", Problem: "timeout"}
	fails, lame := Answer{Server: "e", Code: "SERVFAIL"}, Answer{Server: "f", Code: "NOERROR", Problem: "not authoritative", Values: []string{ours}}
	rows := []struct {
		answers []Answer
		want    Verdict
		server  string
	}{
		{nil, TempError, ""},
		{[]Answer{right, right}, Published, "a"},
		{[]Answer{right, stale}, Missing, "b"},
		{[]Answer{right, dead}, TempError, "d"},
		{[]Answer{right, fails}, TempError, "e"},
		{[]Answer{right, lame}, TempError, "f"},
		{[]Answer{dead, stale, right}, Missing, "b"},
		{[]Answer{dead, stale, lies, right}, Revoked, "c"},
		{[]Answer{{}}, TempError, ""},
		{[]Answer{{Server: "g", Code: "NXDOMAIN", Values: []string{ours}}}, Missing, "g"},
	}
	for i, row := range rows {
		f := Explain(wanted(t, "dkim/b-ed"), row.answers)
		if f.Verdict != row.want || f.Server != row.server {
			t.Errorf("row %d: %s %s, want %s %s", i, f.Verdict, f.Server, row.want, row.server)
		}
	}
	if f := Explain(wanted(t, "dkim/b-ed"), []Answer{right, stale}); !slices.Contains(f.Notes, "1 of 2 name servers say so: b is the first") {
		t.Errorf("%q", f.Notes)
	}
}

// TestJudgeLaws: whatever the answers, Published needs every server, the order does
// not matter, and one more server never makes it better.
func TestJudgeLaws(t *testing.T) {
	answer := rapid.Custom(func(t *rapid.T) Answer {
		return Answer{Server: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "server"), Code: rapid.SampledFrom([]string{"NOERROR", "NOERROR", "NXDOMAIN", "REFUSED"}).Draw(t, "code"),
			Problem: rapid.SampledFrom([]string{"", "", "", "timeout"}).Draw(t, "problem"),
			Values:  rapid.SliceOfN(rapid.SampledFrom([]string{ours, "v=DKIM1; p=", "v=DKIM1; p=AAAA", "x", "v=spf1 a mx ~all", "10 mail.example.test", "mail.example.test"}), 0, 2).Draw(t, "values")}
	})
	records := Records(everything())
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SampledFrom(records).Draw(t, "want")
		answers := rapid.SliceOfN(answer, 1, 4).Draw(t, "answers")
		got := Judge(want, answers)
		if rank(got) < 0 {
			t.Fatalf("no verdict: %q", got)
		}
		if other := Judge(want, rapid.Permutation(answers).Draw(t, "other order")); other != got {
			t.Fatalf("%s in another order %s", got, other)
		}
		for i := range answers {
			if one := Judge(want, answers[i:i+1]); rank(got) > rank(one) {
				t.Fatalf("%s, although one server says %s", got, one)
			}
			if a := answers[i]; got == Published && (a.Problem != "" || a.Code != "NOERROR" || len(a.Values) == 0) {
				t.Fatalf("published with %+v", a)
			}
		}
	})
}

// TestNextLook: soon, then later, within bounds; a right record is left alone longer.
func TestNextLook(t *testing.T) {
	for _, v := range severity {
		last := time.Duration(0)
		for since := -time.Second; since < 30*24*time.Hour; since = since*2 + 3*time.Second {
			next := NextLook(v, since)
			if next < 2*time.Second || next > 15*time.Minute || next < last {
				t.Errorf("%s since %s: %s after %s", v, since, next, last)
			}
			if v != Published && v != TempError && next > NextLook(Published, since) {
				t.Errorf("%s since %s: %s", v, since, next)
			}
			last = next
		}
	}
	if NextLook(Missing, 0) != 2*time.Second || NextLook(Published, 24*time.Hour) != 15*time.Minute || NextLook(TempError, time.Minute) != time.Minute {
		t.Error("the bounds have moved")
	}
}
