package zone

import (
	"reflect"
	"strings"
	"testing"
)

// TestParseTags: what RFC 6376, section 3.2 allows, and what it does not.
func TestParseTags(t *testing.T) {
	for text, want := range map[string]string{"a=1": "a=1", " a = 1 ; b_2=x y;": "a=1; b_2=x y", "a=;B=": "a=; B=", "a=b=c": "a=b=c", "a=1\r\n\t;b=": "a=1; b="} {
		if got, err := ParseTags(text); err != nil || got.String() != want {
			t.Errorf("%q: %v %q, want %q", text, err, got, want)
		}
	}
	for _, text := range []string{"", ";", "a", "a=1;;b=2", "a=1;;", "=1", "1a=1", "a=1;a=2", "a-b=1", "a=1;b"} {
		if got, err := ParseTags(text); err == nil {
			t.Errorf("%q is %q", text, got)
		}
	}
}

// FuzzTags: what was read and printed is read as the same.
func FuzzTags(f *testing.F) {
	for _, seed := range []string{ours, "v=DMARC1; p=none; rua=mailto:a@b,mailto:c@d;", "a=\t1 ;\r\n b=2", "v=DKIM1\\; p=", "é=1", "a=\x00\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tags, err := ParseTags(text)
		if err != nil {
			return
		}
		if again, err := ParseTags(tags.String()); err != nil || !reflect.DeepEqual(again, tags) {
			t.Fatalf("%q printed as %q: %v %q", text, tags, err, again)
		}
	})
}

// FuzzDKIM: the same for key records; and a record is published if it is just there.
func FuzzDKIM(f *testing.F) {
	for _, seed := range []string{ours, rsa4096, "p=", "v=DKIM1; k=rsa; h=sha1:sha256; s=email:*; t=y:s; n=a b; g=*; p=AA AA", "k=; p=AAAA", "v=DKIM1; h=; t=::; p="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDKIM(text)
		if err != nil {
			if v := Judge(wanted(t, "dkim/b-ed"), ok(text)); v != NotDKIM {
				t.Fatalf("%q: %s", text, v)
			}
			return
		}
		again, err := ParseDKIM(d.String())
		if err != nil || again.String() != d.String() || !d.verifies(again) && again.verifies(again) {
			t.Fatalf("%q printed as %q: %v %q", text, d, err, again)
		}
		want := Record{Name: "s._domainkey.example.test", Type: "TXT", Value: d.String()}
		if v := Judge(want, ok(text)); v != Published && d.verifies(d) {
			t.Fatalf("%q for %q: %s", text, d, v)
		}
	})
}

// TestParseSPF: the syntax of RFC 7208, section 12.
func TestParseSPF(t *testing.T) {
	for text, want := range map[string]string{
		"v=spf1":              "v=spf1",
		"V=SPF1 +a  ?MX -ALL": "v=spf1 a ?mx -all",
		"v=spf1 a:Mail.Example.test/24//64 ip4:192.0.2.0/24 ip6:2001:DB8::/32 ~all":    "v=spf1 a:mail.example.test/24//64 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all",
		"v=spf1 exists:%{I}._spf.%{D} redirect=_spf.Example.net exp=e.x x-y.z=1 mx/24": "v=spf1 exists:%{I}._spf.%{D} redirect=_spf.example.net exp=e.x x-y.z=1 mx/24",
	} {
		if got, err := ParseSPF(text); err != nil || got.String() != want {
			t.Errorf("%q: %v %q, want %q", text, err, got, want)
		}
	}
	for _, text := range []string{"", "v=spf10 a", "spf1", "v=spf1 b", "v=spf1 all:x", "v=spf1 include", "v=spf1 include:", "v=spf1 ip4:1.2.3", "v=spf1 ip4:::1", "v=spf1 ip6:1.2.3.4", "v=spf1 ip4:1.2.3.4/33", "v=spf1 redirect=a redirect=b", "v=spf1 redirect=", "v=spf1 -redirect=a", "v=spf1 a: ", "v=spf1 é"} {
		if got, err := ParseSPF(text); err == nil {
			t.Errorf("%q is %q", text, got)
		}
	}
	s, _ := ParseSPF("v=spf1 a mx ptr include:x exists:y ip4:1.2.3.4 exp=z redirect=w all")
	if s.Lookups() != 6 {
		t.Errorf("%d terms ask", s.Lookups())
	}
}

// FuzzSPF: the same for SPF, and merging is final, keeps every sender of both, and is
// what Judge then wants to see.
func FuzzSPF(f *testing.F) {
	for _, seed := range []string{"v=spf1 a mx ~all", "v=spf1 include:x -a a -all", "v=spf1 redirect=x", "v=spf1 +all a", "v=spf1 exp=a b=c mx", "v=spf1 ?mx ip6:::1 ip4:1.2.3.4/0", "v=spf1 a a a -all include:after"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSPF(text)
		if err != nil {
			return
		}
		if again, err := ParseSPF(s.String()); err != nil || !reflect.DeepEqual(again, s) {
			t.Fatalf("%q printed as %q: %v", text, s, err)
		}
		want := wanted(t, "spf")
		merged, err := MergeSPF(text, want.Value)
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := MergeSPF(merged.Value, want.Value); err != nil || twice.Value != merged.Value {
			t.Fatalf("%q merged is %q, and again %q (%v)", text, merged.Value, twice.Value, err)
		}
		words := " " + merged.Value + " "
		for _, term := range append(s, Term{"+", "a", ""}, Term{"+", "mx", ""}) {
			if term.Name != "all" && !strings.Contains(words, " "+term.String()+" ") {
				t.Fatalf("%q merged is %q: %s is lost", text, merged.Value, term)
			}
		}
		m, _ := ParseSPF(merged.Value)
		if v := Judge(want, ok(merged.Value)); v != Published && m.Lookups() <= SPFLimit {
			t.Fatalf("%q merged is %q: %s", text, merged.Value, v)
		}
	})
}
