package zone

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openova-io/smtp-mirror/dnsrecords"
)

const edKey = "p58nBqul6LwHCjxB/YmFykGhi0EF8RjSg+yoTQXxWMU="

func everything() Facts {
	return Facts{
		Domain: "Example.test.", Addresses: []netip.Addr{netip.MustParseAddr("2001:db8::7"), netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("::ffff:203.0.113.7")},
		Keys: []Key{
			{"b-ed", "ed25519-sha256", edKey, "active"}, {"a-rsa", "rsa-sha256", "AAAA", "retired"}, {"c-rsa", "rsa-sha256", "BBBB", "pending"}, {"d", "rsa", "CC CC", "retiring"},
			{"none", "rsa-sha256", "", "active"}, {"odd", "rsa-sha256", "AAAA", "unheard of"}, {"b-ed", "ed25519-sha256", "DDDD", "pending"},
		},
		PolicyHost: "policy.example.net", TLSKeys: []string{"BB", "aa", "bb"}, CAAIssuers: []string{"letsencrypt.org; accounturi=https://x/A"}, Submission: 587, Submissions: 465,
	}
}

// TestRecords: all of them, in their order.
func TestRecords(t *testing.T) {
	var got []string
	for _, r := range Records(everything()) {
		if r.Why == "" || r.TTL != time.Hour {
			t.Errorf("%+v", r)
		}
		if _, err := r.Bind(); err != nil && r.Type != "TLSA" {
			t.Error(err)
		}
		got = append(got, r.Label()+" "+r.Name+" "+r.Type+" "+r.Value)
	}
	want := []string{
		"mx example.test MX 10 mail.example.test",
		"a mail.example.test A 203.0.113.7",
		"aaaa mail.example.test AAAA 2001:db8::7",
		"spf example.test TXT v=spf1 a mx ~all",
		"dmarc _dmarc.example.test TXT v=DMARC1; p=quarantine; rua=mailto:postmaster@example.test",
		"dkim/a-rsa a-rsa._domainkey.example.test TXT v=DKIM1; k=rsa; h=sha256; p=",
		"dkim/b-ed b-ed._domainkey.example.test TXT v=DKIM1; k=ed25519; h=sha256; p=" + edKey,
		"dkim/c-rsa c-rsa._domainkey.example.test TXT v=DKIM1; k=rsa; h=sha256; p=BBBB",
		"dkim/d d._domainkey.example.test TXT v=DKIM1; k=rsa; h=sha256; p=CCCC",
		"ptr 7.113.0.203.in-addr.arpa PTR mail.example.test",
		"ptr 7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR mail.example.test",
		"tlsrpt _smtp._tls.example.test TXT v=TLSRPTv1; rua=mailto:postmaster@example.test",
		"mtasts _mta-sts.example.test TXT v=STSv1; id=" + policyID(PolicyText(everything())),
		"cname mta-sts.example.test CNAME policy.example.net",
		"tlsa _25._tcp.mail.example.test TLSA 3 1 1 aa",
		"tlsa _25._tcp.mail.example.test TLSA 3 1 1 bb",
		"caa mail.example.test CAA 0 issue \"letsencrypt.org; accounturi=https://x/A\"",
		"srv/submission _submission._tcp.example.test SRV 0 1 587 mail.example.test",
		"srv/submissions _submissions._tcp.example.test SRV 0 1 465 mail.example.test",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestSPFNamesWhoElseSends, each once, before the policy; what is no sender is left out.
func TestSPFNamesWhoElseSends(t *testing.T) {
	f := Facts{Domain: "example.test", SPFPolicy: "-all", SPFSenders: []string{"203.0.113.9", "2001:db8::/64", "ip4:198.51.100.0/24", "include:_SPF.Example.net", "ip4:203.0.113.9", "mx", "all", "redirect=x", "-include:x", "a b", ""}}
	want := "v=spf1 a mx ip4:203.0.113.9 ip6:2001:db8::/64 ip4:198.51.100.0/24 include:_spf.example.net -all"
	got := Records(f)[1].Value
	if _, err := ParseSPF(got); got != want || err != nil {
		t.Errorf("%s, %v", got, err)
	}
}

// TestTheLeast: what follows from a domain alone; nothing follows from none.
func TestTheLeast(t *testing.T) {
	var labels []string
	for _, r := range Records(Facts{Domain: "example.test"}) {
		labels = append(labels, r.Label())
	}
	if want := []string{"mx", "spf", "dmarc", "tlsrpt"}; !slices.Equal(labels, want) {
		t.Errorf("%q", labels)
	}
	if got := Records(Facts{}); got != nil || PolicyText(Facts{PolicyHost: "x"}) != "" {
		t.Errorf("%+v", got)
	}
}

// TestPolicies: what is configured is what the records say.
func TestPolicies(t *testing.T) {
	f := Facts{Domain: "example.test", SPFPolicy: "-all", DMARCPolicy: "reject", DMARCReport: "a@example.net, https://x.test/;", PolicyHost: "mta-sts.example.test", PolicyMode: "enforce", PolicyAge: time.Hour}
	all := map[string]Record{}
	for _, r := range Records(f) {
		all[r.Label()] = r
	}
	if all["spf"].Value != "v=spf1 a mx -all" || all["dmarc"].Value != "v=DMARC1; p=reject; rua=mailto:a@example.net,https://x.test/%3B" {
		t.Errorf("%+v\n%+v", all["spf"], all["dmarc"])
	}
	if !strings.Contains(all["dmarc"].Why, "example.test._report._dmarc.example.net") {
		t.Errorf("%s", all["dmarc"].Why)
	}
	if _, ok := all["cname"]; ok {
		t.Error("an alias of itself")
	}
	if got := PolicyText(f); got != "version: STSv1\r\nmode: enforce\r\nmx: mail.example.test\r\nmax_age: 3600\r\n" {
		t.Errorf("%q", got)
	}
	id := all["mtasts"].Value
	f.PolicyMode = "testing"
	if Records(f)[4].Value == id || Records(f)[4].Label() != "mtasts" {
		t.Error("the id does not change with the policy")
	}
}

// TestOneKeyHasOneValue: records.json and the zone say the same about a key.
func TestOneKeyHasOneValue(t *testing.T) {
	k := dnsrecords.NewKey("example.test", "s1", dnsrecords.Ed25519SHA256, edKey, "active")
	got := Records(Facts{Domain: "example.test", Keys: []Key{{k.Selector, k.Algorithm, k.PublicKey, k.Stage}}})[3]
	if got.Name != k.Name || got.Value != k.TXT || !slices.Equal(Chunks(got.Value), k.TXTChunks) {
		t.Errorf("%+v\n%+v", got, k)
	}
	if d, err := ParseDKIM(k.TXT); err != nil || d.String() != k.TXT {
		t.Errorf("%v %s", err, d)
	}
}

// TestRecordsAreAFunction: the order of keys and addresses does not matter, the facts
// are left as they are, and each selector has one record.
func TestRecordsAreAFunction(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, g := everything(), everything()
		f.Keys = rapid.SliceOf(rapid.Custom(func(t *rapid.T) Key {
			return Key{rapid.SampledFrom([]string{"a", "b", "B", "c"}).Draw(t, "selector"), rapid.SampledFrom([]string{"rsa-sha256", "ed25519-sha256"}).Draw(t, "algorithm"),
				rapid.SampledFrom([]string{"", "AAAA", "BBBB"}).Draw(t, "key"), rapid.SampledFrom(append(stages, "")).Draw(t, "stage")}
		})).Draw(t, "keys")
		g.Keys, g.Addresses = rapid.Permutation(f.Keys).Draw(t, "other order"), rapid.Permutation(f.Addresses).Draw(t, "other order")
		before := slices.Clone(g.Keys)
		if a, b := Records(f), Records(g); !reflect.DeepEqual(a, b) || !slices.Equal(before, g.Keys) {
			t.Fatalf("%+v\n%+v", a, b)
		}
		names := map[string]bool{}
		for _, r := range Records(f) {
			if r.Kind() == KindDKIM && names[r.Name] {
				t.Fatalf("two records: %s", r.Name)
			}
			names[r.Name] = true
			if d, err := ParseDKIM(r.Value); r.Kind() == KindDKIM && (err != nil || d.Revoked() && !slices.ContainsFunc(f.Keys, func(k Key) bool { return k.Stage == "retired" })) {
				t.Fatalf("%v: %+v", err, r)
			}
		}
	})
}
