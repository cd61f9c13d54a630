package zone

import (
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// rsa4096 is as long as the key records of 4096 bits are: more than two strings.
var rsa4096 = "v=DKIM1; k=rsa; h=sha256; p=" + strings.Repeat("MIICIjAN", 92)

// TestRecordsAsZoneFile: the line for each type, and the record that is read back.
func TestRecordsAsZoneFile(t *testing.T) {
	rows := []struct{ name, kind, value, line string }{
		{"example.test", "MX", "10 mail.example.test", "example.test. 3600 IN MX 10 mail.example.test."},
		{"mail.example.test", "A", "203.0.113.7", "mail.example.test. 3600 IN A 203.0.113.7"},
		{"mail.example.test", "AAAA", "2001:db8::7", "mail.example.test. 3600 IN AAAA 2001:db8::7"},
		{"7.113.0.203.in-addr.arpa", "PTR", "mail.example.test", "7.113.0.203.in-addr.arpa. 3600 IN PTR mail.example.test."},
		{"_submissions._tcp.example.test", "SRV", "0 1 465 mail.example.test", "_submissions._tcp.example.test. 3600 IN SRV 0 1 465 mail.example.test."},
		{"_submission._tcp.example.test", "SRV", "0 0 0 .", "_submission._tcp.example.test. 3600 IN SRV 0 0 0 ."},
		{"_25._tcp.mail.example.test", "TLSA", "3 1 1 " + strings.Repeat("ab", 32), "_25._tcp.mail.example.test. 3600 IN TLSA 3 1 1 " + strings.Repeat("ab", 32)},
		{"mail.example.test", "CAA", `0 issue "letsencrypt.org"`, `mail.example.test. 3600 IN CAA 0 issue "letsencrypt.org"`},
		{"mta-sts.example.test", "CNAME", "policy.example.net", "mta-sts.example.test. 3600 IN CNAME policy.example.net."},
		{"example.test", "TXT", "v=spf1 a mx ~all", `example.test. 3600 IN TXT "v=spf1 a mx ~all"`},
		{"example.test", "TXT", `a "b" \c;` + "\x00\xff", `example.test. 3600 IN TXT "a \"b\" \\c;\000\255"`},
		{"k._domainkey.example.test", "TXT", rsa4096, `k._domainkey.example.test. 3600 IN TXT ( "` + rsa4096[:255] + `" "` + rsa4096[255:510] + `" "` + rsa4096[510:] + `" )`},
	}
	for _, row := range rows {
		r := Record{Name: row.name, Type: row.kind, TTL: time.Hour, Value: row.value}
		line, err := r.Bind()
		if err != nil || line != row.line {
			t.Errorf("%v: %s\nwant %s", err, line, row.line)
		}
		if back, err := ParseBind(row.line); err != nil || back != r {
			t.Errorf("%v: %+v, want %+v", err, back, r)
		}
	}
}

// TestWhatIsNoRecord: nothing is guessed, nothing is read from elsewhere.
func TestWhatIsNoRecord(t *testing.T) {
	for _, line := range []string{"", "; comment", "$INCLUDE /etc/passwd", "a. 1 IN A 1.2.3.4\nb. 1 IN A 1.2.3.4", "a. 1 IN TXT \"open", "a. 1 CH TXT \"x\"", "a. 1 IN A 1.2.3", "$GENERATE 1-9 a$ A 1.2.3.4",
		"a. 1 IN MX mail.example.test.", "a. 1 IN TLSA 3 1 1 xyz", "a. 1 IN A", "a. 1 IN TXT", "a. 1 IN A 1.2.3.4\nb. 1 IN A x"} {
		if r, err := ParseBind(line); err == nil {
			t.Errorf("%q is %+v", line, r)
		} else if strings.Contains(err.Error(), "passwd") {
			t.Errorf("the error quotes the text: %v", err)
		}
	}
	for _, r := range []Record{{}, {Name: "a b", Type: "TXT"}, {Name: "a.", Type: "TXT", Value: "x"}, {Name: "a", Type: "A", Value: "1.2.3.4\nb. A 1.2.3.4"}, {Name: "a", Type: "NOTYPE", Value: "x"}} {
		if line, err := r.Bind(); err == nil {
			t.Errorf("%+v is %q", r, line)
		}
	}
}

// FuzzTXT: any bytes survive chunks, quotes, a zone file and the wire.
func FuzzTXT(f *testing.F) {
	for _, seed := range []string{"", "v=spf1 a mx ~all", rsa4096, strings.Repeat("\\", 300), strings.Repeat(`"`, 255), "\n;( )\t", "é\x00\xff", `\123\"`, strings.Repeat("x", 254) + "\\"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 60000 {
			return // longer than a record can be
		}
		chunks := Chunks(text)
		if strings.Join(chunks, "") != text {
			t.Fatalf("chunks: %q", chunks)
		}
		for i, c := range chunks {
			if len(c) > maxString || c == "" && i > 0 {
				t.Fatalf("chunk %d has %d bytes", i, len(c))
			}
		}
		if back, err := Unquote(Quote(text)); err != nil || back != text {
			t.Fatalf("quotes: %v %q", err, back)
		}
		r := Record{Name: "x.example.test", Type: "TXT", TTL: time.Minute, Value: text}
		line, err := r.Bind()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseBind(line); err != nil || back != r {
			t.Fatalf("zone file: %v %q", err, line)
		}
		rr, err := r.RR()
		if err != nil {
			t.Fatal(err)
		}
		message := new(dns.Msg)
		message.Answer = []dns.RR{rr}
		wire, err := message.Pack()
		if err != nil {
			t.Fatal(err)
		}
		if err := message.Unpack(wire); err != nil || FromRR(message.Answer[0]) != r {
			t.Fatalf("wire: %v", err)
		}
	})
}

// FuzzParseBind: whatever line is read, the line that is printed for it says the same.
func FuzzParseBind(f *testing.F) {
	for _, seed := range []string{"a. 1 IN MX 10 B.c.", "a. A 1.2.3.4", "a. AAAA ::ffff:1.2.3.4", `a\.b. TXT x "y" ; z`, "a. TXT (\nx\n)", "_x. SRV 0 0 0 .", "a. TLSA 3 1 1 AB CD", `a. CAA 128 issue ";\"\000"`, "a. PTR b", "a. CNAME \\100.x.", "a. TYPE65535 \\# 1 00", `@ TXT ""`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		r, err := ParseBind(line)
		if err != nil || !known[r.Type] {
			return
		}
		printed, err := r.Bind()
		if err != nil {
			t.Fatalf("%q is %+v, which does not print: %v", line, r, err)
		}
		if back, err := ParseBind(printed); err != nil || back != r {
			t.Fatalf("%q printed as %q: %v\n%+v\n%+v", line, printed, err, back, r)
		}
	})
}

// known are the types that [Records] makes.
var known = map[string]bool{"A": true, "AAAA": true, "CAA": true, "CNAME": true, "MX": true, "PTR": true, "SRV": true, "TLSA": true, "TXT": true} //nolint:gochecknoglobals // a constant table
