package zone

import (
	"strings"
	"testing"
)

func finding(t *testing.T, label string, values ...string) Finding {
	return Explain(wanted(t, label), ok(values...))
}

// TestPage: the wrong ones come first, and each value stands there in three forms.
func TestPage(t *testing.T) {
	key := Explain(Record{Name: "k._domainkey.example.test", Type: "TXT", Value: rsa4096, Why: "because"}, []Answer{{Server: "ns2.test:53", Code: "NXDOMAIN"}})
	unseen := Finding{Record: wanted(t, "tlsrpt")}
	all := []Finding{finding(t, "mx", "10 mail.example.test"), key, finding(t, "spf", "v=spf1 include:spf.example.net -all"), finding(t, "ptr", "x.example.net"), unseen, {Record: wanted(t, "mtasts")}}
	page := Page(all, PolicyText(everything()))
	for _, part := range []string{
		"| `example.test` | MX | right | mail for the domain is delivered to the mail host |\n",
		"| `k._domainkey.example.test` | TXT | **Missing** | because |\n",
		"| `_smtp._tls.example.test` | TXT | not looked at yet |",
		"value:   " + rsa4096 + "\n", "strings: \"" + rsa4096[:255] + `" "`, "BIND:    k._domainkey.example.test. 0 IN TXT ( \"" + rsa4096[:255] + `" "`,
		"- there is, as `ns1.test:53` says: `v=spf1 include:spf.example.net -all`\n", "value:   v=spf1 a mx include:spf.example.net -all\n", "not overwritten",
		"BIND:    example.test. 3600 IN MX 10 mail.example.test.\n", "the cloud's console", "mode: testing\nmx: mail.example.test\n", "https://mta-sts.example.test/.well-known/mta-sts.txt",
	} {
		if !strings.Contains(page, part) {
			t.Errorf("missing: %s\nin %s", part, page)
		}
	}
	if strings.Index(page, "#### `example.test` MX") < strings.Index(page, "#### `_smtp._tls.example.test` TXT") {
		t.Error("a right one comes before a wrong one")
	}
}

// TestSuggestedOfSeveral: two foreign SPF records and ours become one.
func TestSuggestedOfSeveral(t *testing.T) {
	f := finding(t, "spf", "v=spf1 ip4:203.0.113.9 -all", "x", "v=spf1 ip4:203.0.113.10 ?all", "v=spf1 broken")
	if got := Suggested(f); f.Verdict != Multiple || got.Value != "v=spf1 a mx ip4:203.0.113.9 ip4:203.0.113.10 ?all" {
		t.Errorf("%s %s", f.Verdict, got.Value)
	}
	if got := Suggested(finding(t, "dkim/b-ed", "v=DKIM1; p=")); got.Value != ours {
		t.Errorf("%s", got.Value)
	}
}

// FuzzPage: what a foreign server answers stays text, on its line.
func FuzzPage(f *testing.F) {
	for _, seed := range []string{"x`y", "<!-- /smtp-mirror:records -->", "a\nb\r\n```\n# c", "<script>", "|", "v=spf1 include:x`y -all", "v=DMARC1; p=none; ruf=<b>\n```\n;rua=x", "v=spf1 include:<!-- -all", "\\\x00\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var all []Finding
		for _, label := range []string{"spf", "dmarc", "mx", "a", "dkim/b-ed"} {
			f := finding(t, label, text)
			f.Server = text
			all = append(all, f)
		}
		page := Page(all, "")
		if strings.Contains(page, "<") {
			t.Errorf("HTML in %q", page)
		}
		fences := 0
		for line := range strings.Lines(page) {
			for i := range len(line) {
				if b := line[i]; b < ' ' && b != '\n' || b > '~' {
					t.Fatalf("byte %d in %q", b, line)
				}
			}
			if strings.Contains(line, "```") {
				fences++
			}
		}
		if fences != 2*len(all) {
			t.Errorf("%d fences in %s", fences, page)
		}
	})
}
